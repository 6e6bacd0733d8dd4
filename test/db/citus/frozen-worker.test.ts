import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { hashOfUuid } from "../../../src/db/citus/uuid-hash.ts";
import { aTask, someJobs } from "../../support/builders.ts";
import { imitateCitus } from "../../support/imitated-citus.ts";
import { DEFAULT_TIMEOUTS, sharedTestServer } from "../../support/test-server.ts";

const server = await sharedTestServer({ environment: { ...DEFAULT_TIMEOUTS, DATABASE_POOL_SIZE: "4" } });
const owner = await server.as();
const aTaskWith = async (isOfWorker: (hash: number) => boolean) => {
  let id = randomUUID();
  while (!isOfWorker(hashOfUuid(id))) id = randomUUID();
  await aTask(server.sql, { id, user_id: owner.userId });
  await someJobs(server.sql, id, 3);
  return id;
};
const east = await aTaskWith((hash) => hash < 0);
const west = await aTaskWith((hash) => hash >= 0);
const cluster = await imitateCitus(server.sql);

const pathsOf = (taskId: string) =>
  ["jobs", "jobs?status=completed", ""].map((end) => `/api/v1/tasks/${taskId}/${end}`);
const statusesOf = (paths: readonly string[]) =>
  Promise.all(paths.map(async (path) => (await owner.get(path.replace(/\/$/, ""))).status));

test("the first page on Citus is answered, although Citus refuses the generic plan of its statement", async () => {
  expect(await statusesOf([...pathsOf(east), ...pathsOf(west), "/api/v1/tasks"])).toEqual(Array(7).fill(200));
  const page = await (await owner.get("/api/v1/tasks?offset=1&limit=5")).json();
  expect(page).toMatchObject({ count: 2, tasks: [{ id: expect.any(String) }] });
});

test("a worker that hangs makes only its own tasks unavailable, and the log names it", async () => {
  await cluster.freeze("west:1");
  const tasksOfWest = Array.from({ length: 8 }, () => pathsOf(west)).flat();
  const ofWest = statusesOf(tasksOfWest);
  const ofEast = [];
  const endsAt = performance.now() + 2500;
  while (performance.now() < endsAt) ofEast.push(...(await statusesOf(pathsOf(east))));
  expect(new Set(ofEast)).toEqual(new Set([200]));
  expect(ofEast.length).toBeGreaterThan(20);
  for (const status of await ofWest) expect([503, 504]).toContain(status);
  expect(server.logLines.join("")).toContain('"worker":"west:1"');
  // The worker is known to hang by now, so its requests fail without a statement, and not by the statement timeout.
  server.logLines.length = 0;
  expect(await statusesOf([...pathsOf(west), "/api/v1/tasks"])).toEqual([503, 503, 503, 503]);
  const reasons = server.logLines.flatMap((line) => JSON.parse(line).reason ?? []);
  expect(reasons).toEqual(Array(4).fill("WORKER_DOWN west:1"));
});

test("the tasks of a worker are available within a second after it answers again", async () => {
  await cluster.thaw();
  // The rest of the time is a margin for a busy machine.
  await expect.poll(() => statusesOf(pathsOf(west)), { timeout: 2000 }).toEqual([200, 200, 200]);
  expect(server.logLines.join("")).toContain("answers again");
});
