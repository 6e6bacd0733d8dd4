import { afterEach, expect, test } from "vitest";
import { aTask } from "../support/builders.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

let server: TestServer;
afterEach(() => server.close());

/** One request of a credential at once. */
async function limited() {
  server = await startTestServer({
    environment: { RATE_LIMIT: "100/m", DATABASE_POOL_SIZE: "4", REQUEST_TIMEOUT_MS: "300" },
  });
  const viewer = await server.as();
  const path = `/api/v1/tasks/${await aTask(server.sql, { user_id: viewer.userId })}/jobs`;
  return { viewer, path };
}

test("a request waits for a turn until its deadline and no longer", async () => {
  const { viewer, path } = await limited();
  await viewer.get(path);
  const blocker = await server.sql.reserve();
  await blocker`begin`;
  await blocker`lock table tasks in access exclusive mode`;
  const holder = viewer.get(`${path}/export`);
  await expect.poll(async () => (await server.sql`select 1 from pg_locks where not granted`).length).toBe(1);
  const startedAt = performance.now();
  const late = await viewer.get(path);
  expect([late.status, late.headers.get("retry-after")]).toEqual([429, "1"]);
  expect(performance.now() - startedAt).toBeLessThan(1500);
  await blocker`commit`;
  blocker.release();
  await holder;
  expect((await viewer.get(path)).status).toBe(200);
});

test("an export leaves its turn when the file begins", async () => {
  const { viewer, path } = await limited();
  await server.sql`insert into task_email_jobs (task_id, email_address, status)
    select ${path.split("/")[4] ?? ""}, 'user' || n || '@example.com', 'pending' from generate_series(1, 100000) n`;
  await viewer.get(path);
  const running = await viewer.get(`${path}/export`);
  expect(running.status).toBe(200);
  expect((await viewer.get(path)).status).toBe(200);
  await running.body?.cancel();
});
