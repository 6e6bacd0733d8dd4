import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { EXCEEDED_LIMITS } from "../../src/rate-limit/exceeded-limit.ts";
import { PROGRESS } from "../support/event-reader.ts";
import { holdReadsOf } from "../support/held-reads.ts";
import { connectSocket, handshake, openSocket, runOperation } from "../support/socket-reader.ts";
import { type ServedDatabase, serveDatabase, sharedTestServer } from "../support/test-server.ts";
import { userWithTask } from "../support/user-with-task.ts";

const server = await sharedTestServer({
  environment: { LIVE_STREAMS: "2", LIVE_STREAMS_PER_USER: "1", EXPORT_SLOTS: "1" },
});
const { url } = server;
const VIEWER = "{ viewer { userId } }";

const opened: ServedDatabase[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

async function serve(environment: Record<string, string>): Promise<ServedDatabase> {
  const served = await serveDatabase(server.database.url, environment);
  opened.push(served);
  return served;
}

/** The status and the limit in the log line of a request or an operation. */
async function refusalOf(requestId: string, { logLines }: Pick<ServedDatabase, "logLines"> = server) {
  const line = () =>
    logLines
      .map((text) => JSON.parse(text) as Record<string, unknown>)
      .find((found) => found.requestId === requestId && (found.msg === "request" || found.msg === "operation"));
  await expect.poll(line, { interval: 10 }).toBeDefined();
  return [line()?.status, line()?.limit];
}
const named = (requestId: string) => ({ "X-Request-ID": requestId });

test("with a rate limit, the log line of a refused request names the points of the credential, the cost or the address", async () => {
  const limited = await serve({ RATE_LIMIT: "1/m" });
  const user = await limited.as();
  const pages = ["a", "b", "c"].map(
    (name) => `${name}: tasks(first: 100) { nodes { id createdAt updatedAt jobs(first: 10) { nodes { id } } } }`,
  );
  expect((await user.query(`{ ${pages.join(" ")} }`, {}, named("costly"))).body).toEqual({
    errors: [{ message: "Too many requests", extensions: { code: "RATE_LIMITED" } }],
  });
  await user.get("/api/v1/tasks", { headers: named("frequent") });
  const other = await limited.as();
  const socket = await connectSocket({
    url: limited.url,
    connectionParams: { authorization: `Bearer ${other.key}` },
    headers: named("socket"),
  });
  await runOperation(socket, "1", { query: `{ ${pages.join(" ")} }` }).result();
  await runOperation(socket, "2", { query: VIEWER }).result();
  await socket.close();
  const refused = await openSocket({ url: limited.url, headers: named("connection") });
  refused.send({ type: "connection_init", payload: { authorization: `Bearer ${other.key}` } });
  await refused.closed;
  await fetch(`${limited.url}/graphql`, { headers: named("first") });
  await fetch(`${limited.url}/graphql`, { headers: named("anonymous") });
  await handshake(limited.port, named("handshake"));
  const names = ["costly", "frequent", "socket", "socket.1", "socket.2", "connection", "first", "anonymous"];
  expect(await Promise.all([...names, "handshake"].map((name) => refusalOf(name, limited)))).toEqual([
    [429, "query_cost"],
    [429, "credential_points"],
    [101, undefined],
    [429, "query_cost"],
    [429, "credential_points"],
    [101, "credential_points"],
    [401, undefined],
    [429, "address_points"],
    [429, "address_points"],
  ]);
});

test("the log line names the limit of streams, connections or operations that refused a request", async () => {
  const [one, two, three] = await Promise.all([1, 2, 3].map(() => userWithTask(server)));
  if (one === undefined || two === undefined || three === undefined) throw new Error("three users are needed");
  const eventsOf = ({ user, id }: typeof one, name: string) =>
    user.get(`/api/v1/tasks/${id}/events`, { headers: named(name) });
  const stream = await eventsOf(one, "open");
  await eventsOf(one, "second-stream");
  const subscription = { query: PROGRESS, variables: { id: one.id } };
  const socket = await connectSocket({ url, ...one, headers: named("socket") });
  await runOperation(socket, "1", subscription).result();
  const others = await eventsOf(two, "open-too");
  await eventsOf(three, "third-stream");
  const again = await openSocket({ url, headers: named("second-socket") });
  again.send({ type: "connection_init", payload: one.connectionParams });
  await again.closed;
  const last = await connectSocket({ url, ...two });
  await handshake(server.port, named("third-socket"));
  await Promise.all([stream.body?.cancel(), others.body?.cancel()]);

  const jobs = await holdReadsOf(server.sql, "task_email_jobs");
  const query = { query: "query ($id: UUID!) { taskJobs(taskId: $id) { jobs { id } } }", variables: { id: one.id } };
  for (let id = 2; id < 13; id += 1) runOperation(socket, String(id), query);
  expect((await runOperation(socket, "13", query).result()).errors).toEqual([
    { message: "This connection already has 11 operations, which is the limit", extensions: { code: "RATE_LIMITED" } },
  ]);
  const running = two.user.get(`/api/v1/tasks/${two.id}/jobs/export`);
  await expect
    .poll(
      async () => (await three.user.get(`/api/v1/tasks/${three.id}/jobs/export`, { headers: named("export") })).status,
    )
    .toBe(503);
  await jobs.release();
  await Promise.all([running.then((response) => response.text()), socket.close(), last.close()]);
  await jobs.restore();
  const refusals = [
    "second-stream",
    "socket.1",
    "third-stream",
    "second-socket",
    "third-socket",
    "socket.13",
    "export",
  ];
  expect(await Promise.all(refusals.map((name) => refusalOf(name)))).toEqual([
    [429, "streams_of_user"],
    [429, "streams_of_user"],
    [503, "streams"],
    [101, "connections_of_user"],
    [503, "connections"],
    [429, "operations_of_connection"],
    [503, "exports"],
  ]);
});

test("the log line names the queue in which a request waited too long", async () => {
  const slow = await serve({
    DATABASE_POOL_SIZE: "1",
    REQUEST_TIMEOUT_MS: "400",
    STATEMENT_TIMEOUT_MS: "30000",
  });
  const [known, stranger] = await Promise.all([slow.as(), slow.as()]);
  await known.get("/api/v1/tasks");
  const refusalBehindHeldRead = async (user: typeof known, table: string) => {
    const { release, restore } = await holdReadsOf(server.sql, table);
    const path = "/api/v1/tasks";
    await Promise.all([user.get(path), user.get(path, { headers: named(`behind-${table}`) })]);
    await release();
    await restore();
    return refusalOf(`behind-${table}`, slow);
  };
  expect(await refusalBehindHeldRead(known, "tasks")).toEqual([503, "user_queue"]);
  expect(await refusalBehindHeldRead(stranger, "api_keys")).toEqual([503, "address_queue"]);
});

test("the manual explains every limit that the log names", () => {
  const manual = readFileSync("docs/operating.md", "utf8");
  expect(EXCEEDED_LIMITS.filter((limit) => !manual.includes(`| \`${limit}\``))).toEqual([]);
});
