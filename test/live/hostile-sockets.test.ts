import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { aJob, aTask, someJobs } from "../support/builders.ts";
import { PROGRESS } from "../support/event-reader.ts";
import { holdReadsOf } from "../support/held-reads.ts";
import { connectSocket, readOperation, runOperation } from "../support/socket-reader.ts";
import { serveDatabase, sharedTestServer } from "../support/test-server.ts";

const TOKEN = "a-token-of-this-test-0123456789";
const environment = {
  METRICS_TOKEN: TOKEN,
  LIVE_STREAMS_PER_USER: "3",
  // Operations whose reads are held must not end before the test says so.
  STATEMENT_TIMEOUT_MS: "30000",
  REQUEST_TIMEOUT_MS: "30000",
};
const server = await sharedTestServer({
  environment,
  liveTimes: { lookEveryMs: 150, checkEveryMs: 100 },
});
const { sql, url } = server;
const VIEWER = "{ viewer { userId } }";

async function gauge(pattern: RegExp, origin = url) {
  const metrics = await fetch(`${origin}/metrics`, { headers: { Authorization: `Bearer ${TOKEN}` } });
  return Number(pattern.exec(await metrics.text())?.[1]);
}
const openStreams = () => gauge(/^live_streams\{kind="websocket"\} (\d+)$/m);
const openSockets = (origin: string) => gauge(/^live_sockets (\d+)$/m, origin);

async function aConnection(options: { autoPong?: boolean; url?: string } = {}) {
  const user = await server.as();
  const id = await aTask(sql, { user_id: user.userId });
  await aJob(sql, { task_id: id });
  const connection = await connectSocket({
    ...{ url, connectionParams: { authorization: `Bearer ${user.key}` } },
    ...options,
  });
  return { connection, id, progress: { query: PROGRESS, variables: { id } } };
}

const JOBS = "query ($id: UUID!) { taskJobs(taskId: $id) { jobs { id } } }";

test.each([
  ["a subscription", PROGRESS],
  ["a query", JOBS],
])(
  "an id may be used again at once after %s with this id was completed, and the completed one sends nothing more",
  async (_what, query) => {
    const { connection, id } = await aConnection();
    const types: string[] = [];
    connection.socket.on("message", (data) => types.push(JSON.parse(String(data)).type));
    await sql.begin(async (transaction) => {
      // The statement of the first operation waits until the second operation has ended.
      await transaction`lock table task_email_jobs in access exclusive mode`;
      connection.sendTogether([
        { type: "subscribe", id: "1", payload: { query, variables: { id } } },
        { type: "complete", id: "1" },
        { type: "subscribe", id: "1", payload: { query: VIEWER } },
      ]);
      const second = readOperation(connection, "1");
      expect((await second.result()).data.viewer).toBeDefined();
      expect((await second.next()).event).toBe("complete");
    });
    const third = runOperation(connection, "1", { query: JOBS, variables: { id } });
    expect((await third.result()).data.taskJobs.jobs).toHaveLength(1);
    expect((await third.next()).event).toBe("complete");
    expect(types).toEqual(["next", "complete", "next", "complete"]);
    await expect.poll(openStreams).toBe(0);
    await connection.close();
  },
);

test("an id that is used twice at once closes the connection and leaves no stream", async () => {
  const { connection, progress } = await aConnection();
  connection.sendTogether([
    { type: "subscribe", id: "1", payload: progress },
    { type: "subscribe", id: "1", payload: progress },
  ]);
  expect((await connection.closed).code).toBe(4409);
  await expect.poll(openStreams).toBe(0);
});

test("an id may be used again after its operation has ended", async () => {
  const { connection, progress } = await aConnection();
  for (const payload of [{ query: VIEWER }, { query: "{" }, progress]) {
    const operation = runOperation(connection, "1", payload);
    await operation.result();
    if (payload !== progress) await operation.next();
  }
  expect(await openStreams()).toBe(1);
  await connection.close();
  await expect.poll(openStreams).toBe(0);
});

test("a connection with a repeated long id is closed with the code of repeated ids", async () => {
  const { connection, progress } = await aConnection();
  const id = "é".repeat(128);
  await runOperation(connection, id, progress).result();
  connection.send({ type: "subscribe", id, payload: progress });
  expect((await connection.closed).code).toBe(4409);
});

const subscribe = (id: string, payload: object) => ({ type: "subscribe", id, payload });
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test("a frame that announces too many bytes closes the connection before they arrive", async () => {
  const { connection } = await aConnection();
  connection.write(Uint8Array.of(0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4));
  expect((await connection.closed).code).toBe(1009);
});

test("the frames of one message are too long together", async () => {
  const { connection } = await aConnection();
  for (const _ of numbers(2)) connection.socket.send("x".repeat(60_000), { fin: false });
  expect((await connection.closed).code).toBe(1009);
});

test("compression is not accepted, and a compressed frame closes the connection", async () => {
  const { connection } = await aConnection();
  expect(connection.socket.extensions).toBe("");
  connection.write(Uint8Array.of(0xc1, 0x80, 1, 2, 3, 4));
  expect((await connection.closed).code).toBe(1002);
});

test.each([
  ["pings of WebSocket", null],
  ["pings of the protocol", { type: "ping" }],
  ["messages for operations that do not exist", { type: "complete", id: "x" }],
])("a client that sends endless %s is disconnected", async (_what, message) => {
  const { connection } = await aConnection();
  for (const number of numbers(400)) {
    if (message === null) connection.socket.ping();
    else connection.send(message);
    // The library itself disconnects a client with 60 unanswered pings.
    if (number % 50 === 0) await sleep(2);
  }
  expect(await connection.closed).toEqual({ code: 1008, reason: "Too many pings" });
});

test("the operations of one connection are limited, and their messages are not counted as pings", async () => {
  const { connection, id } = await aConnection();
  const operations = numbers(120).map(String);
  const jobs = await holdReadsOf(sql, "task_email_jobs");
  connection.sendTogether(operations.map((name) => subscribe(name, { query: JOBS, variables: { id } })));
  const resultsOf = (names: readonly string[]) =>
    Promise.all(names.map((name) => readOperation(connection, name).result()));
  for (const { errors } of await resultsOf(operations.slice(13)))
    expect(errors[0].extensions.code).toBe("RATE_LIMITED");
  await jobs.release();
  for (const { data } of await resultsOf(operations.slice(0, 13))) expect(data).toBeDefined();
  await jobs.restore();
  connection.sendTogether(operations.map((name) => ({ type: "complete", id: name })));
  expect((await runOperation(connection, "last", { query: VIEWER }).result()).data).toBeDefined();
  await connection.close();
});

test("clients that answer no ping, send a part of a frame or read nothing are disconnected, and others are not", async () => {
  const impatient = await serveDatabase(server.database.url, environment, {
    liveTimes: { lookEveryMs: 150, beatEveryMs: 200 },
  });
  const connect = (options = {}) => aConnection({ url: impatient.url, ...options });
  const [silent, partial] = [await connect({ autoPong: false }), await connect()];
  const [deaf, other] = [await connect(), await connect()];
  // The header of a frame with 4,096 bytes. The answers to pings are read as the first of these bytes.
  partial.connection.write(Uint8Array.of(0x81, 0xfe, 0x10, 0x00, 1, 2, 3, 4));
  await someJobs(sql, deaf.id, 12_000);
  const aliases = Array.from({ length: 30 }, (_, index) => `${"a".repeat(120)}${index}: emailAddress`).join(" ");
  const query = `subscription ($id: UUID!) { taskJobChanges(taskId: $id) { nodes { ${aliases} } } }`;
  deaf.connection.socket.pause();
  const sending = setInterval(() => deaf.connection.socket.pong(), 50);
  const pages = await server.countStatements(async () => {
    deaf.connection.send(subscribe("1", { query, variables: { id: deaf.id } }));
    await expect.poll(() => openSockets(impatient.url)).toBe(1);
  });
  clearInterval(sending);
  expect((await silent.connection.closed).code).toBe(1006);
  expect((await partial.connection.closed).code).toBe(1006);
  expect((await runOperation(other.connection, "1", { query: VIEWER }).result()).data).toBeDefined();
  // There are 121 pages, of which the buffers of the two sockets hold about ten. The looks of this time are counted, too.
  expect(pages).toBeGreaterThan(2);
  expect(pages).toBeLessThan(90);
  await Promise.all([deaf, other].map(({ connection }) => connection.close()));
  await impatient.close();
});
