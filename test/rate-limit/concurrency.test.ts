import { randomUUID } from "node:crypto";
import http from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { SignJWT } from "jose";
import { afterEach, expect, test } from "vitest";
import { aTask, someJobs } from "../support/builders.ts";
import { holdReadsOf } from "../support/held-reads.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const SECRET = "a secret of thirty-two characters";
/** Long enough for a busy test machine. */
const PATIENT = { STATEMENT_TIMEOUT_MS: "30000", REQUEST_TIMEOUT_MS: "30000" };
const PATH = `/api/v1/tasks/${randomUUID()}/jobs`;

let server: TestServer;
afterEach(() => server.close());

const times = <T>(count: number, work: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)));

test("all spellings of a user's credentials share one limit, and another user's request runs beside them", async () => {
  server = await startTestServer({ environment: { ...PATIENT, DATABASE_POOL_SIZE: "8", JWT_SECRET: SECRET } });
  const { key, userId } = await server.as();
  const other = await server.as();
  const token = (n: number) =>
    new SignJWT({ sub: userId.toUpperCase(), exp: Math.floor(Date.now() / 1000) + 600 + n })
      .setProtectedHeader({ alg: "HS256" })
      .sign(Buffer.from(SECRET));
  const spellings: ((n: number) => Promise<Record<string, string>>)[] = [
    async () => ({ Authorization: `bEaReR   ${key}` }),
    async () => ({ "X-API-Key": key }),
    async (n) => ({ Authorization: `Bearer ${await token(n)}` }),
    async () => ({ Authorization: `BEARER ${key}`, "x-api-key": key }),
  ];
  // While other users send requests, a user has at most a quarter of the slots.
  await (await server.as()).get(PATH);
  await other.get(PATH);
  const { countHeld, release } = await holdReadsOf(server.sql, "tasks");
  const burst = times(16, async (n) => {
    const headers = await spellings[n % spellings.length]?.(n);
    return fetch(server.url + PATH, headers === undefined ? {} : { headers });
  });
  await expect.poll(countHeld).toBeGreaterThan(0);
  await sleep(500);
  const running = await countHeld();
  // A quarter of eight, or one while the event loop is busy.
  expect(running).toBeLessThanOrEqual(2);
  const theirs = other.get(PATH);
  await expect.poll(countHeld).toBe(running + 1);
  await release();
  expect((await theirs).status).toBe(404);
  expect(new Set((await burst).map(({ status }) => status))).toEqual(new Set([404]));
});

test("a request that waits for a slot too long is 503 with Retry-After, and a later request is served", async () => {
  server = await startTestServer({
    environment: { DATABASE_POOL_SIZE: "4", REQUEST_TIMEOUT_MS: "1000", STATEMENT_TIMEOUT_MS: "30000" },
  });
  const viewer = await server.as();
  await viewer.get(PATH);
  const { release } = await holdReadsOf(server.sql, "tasks");
  const responses = await times(10, () => viewer.get(PATH));
  await release();
  const refused = responses.filter(({ status }) => status === 503);
  expect(refused.length).toBeGreaterThanOrEqual(7);
  for (const { headers } of refused) expect(headers.get("retry-after")).toBe("1");
  await expect.poll(async () => (await viewer.get(PATH)).status).toBe(404);
});

test("refusals to one address beyond 20 per second are delayed by a second, and other responses are not", async () => {
  server = await startTestServer();
  const viewer = await server.as();
  await viewer.get(PATH);
  const refusedAt: number[] = [];
  // Pipelined requests arrive together, so that all of them belong to the same second.
  const socket = connect(server.port, "127.0.0.1").setEncoding("utf8");
  socket.on("data", (text: string) => {
    for (const _refusal of text.matchAll(/HTTP\/1\.1 401/g)) refusedAt.push(performance.now());
  });
  socket.write(`GET ${PATH} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(40));
  await expect.poll(() => refusedAt.length).toBeGreaterThanOrEqual(20);
  expect((await viewer.get(PATH)).status).toBe(404);
  expect(refusedAt.length).toBeLessThan(40);
  await expect.poll(() => refusedAt.length).toBe(40);
  socket.destroy();
  expect((refusedAt[20] ?? 0) - (refusedAt[0] ?? 0)).toBeGreaterThan(900);
});

test("delayed refusals of invalid keys hold no slot, so that a new key from the same address is served", async () => {
  server = await startTestServer();
  const viewer = await server.as();
  let refused = 0;
  const refusals = times(60, async (index) => {
    const { status } = await fetch(server.url + PATH, { headers: { "X-API-Key": `tj_invalid_${index}` } });
    refused += 1;
    return status;
  });
  // The first 20 refusals are not delayed, and the others are delayed by at least a second.
  await expect.poll(() => refused, { interval: 5 }).toBeGreaterThanOrEqual(20);
  expect((await viewer.get(PATH)).status).toBe(404);
  expect(refused).toBe(20);
  expect(new Set(await refusals)).toEqual(new Set([401]));
});

test("a revoked key is refused at the next request, although its user is known", async () => {
  server = await startTestServer();
  const viewer = await server.as();
  expect((await viewer.get(PATH)).status).toBe(404);
  await server.sql`update api_keys set revoked_at = now()`;
  expect((await viewer.get(PATH)).status).toBe(401);
});

test("a client that disconnects while its request waits leaves the queue, which has 500 places", async () => {
  server = await startTestServer({ environment: { ...PATIENT, DATABASE_POOL_SIZE: "4" } });
  const viewer = await server.as();
  await viewer.get(PATH);
  const { release } = await holdReadsOf(server.sql, "tasks");
  const agent = new http.Agent();
  let refusals = 0;
  for (let n = 0; n < 520; n += 1) {
    http
      .get(server.url + PATH, { agent, headers: { "X-API-Key": viewer.key } }, ({ statusCode }) => {
        if (statusCode === 503) refusals += 1;
      })
      .on("error", () => {});
  }
  // At most three requests run, so at least 17 find the queue full.
  await expect.poll(() => refusals).toBeGreaterThanOrEqual(17);
  expect((await viewer.get(PATH)).status).toBe(503);
  agent.destroy();
  const countConnections = () =>
    new Promise<number>((resolve) => {
      server.app.server.getConnections((_error, count) => resolve(count));
    });
  await expect.poll(countConnections).toBeLessThan(10);
  const next = viewer.get(PATH);
  await sleep(100);
  await release();
  expect((await next).status).toBe(404);
});

test("an export frees its slot when its response starts", async () => {
  server = await startTestServer({ environment: { ...PATIENT, REQUEST_TIMEOUT_MS: "5000", DATABASE_POOL_SIZE: "1" } });
  const viewer = await server.as();
  const taskId = await aTask(server.sql, { user_id: viewer.userId });
  await someJobs(server.sql, taskId, 50_000);
  const path = `/api/v1/tasks/${taskId}/jobs`;
  // A compressed export would fit into the buffers of the connection and end before the client reads it.
  const running = await viewer.get(`${path}/export`, { headers: { "Accept-Encoding": "identity" } });
  expect(running.status).toBe(200);
  expect((await viewer.get(path)).status).toBe(200);
  await running.body?.cancel();
});

test("a request whose body is still arriving holds no slot", async () => {
  server = await startTestServer({ environment: { ...PATIENT, REQUEST_TIMEOUT_MS: "5000", DATABASE_POOL_SIZE: "1" } });
  const viewer = await server.as();
  const body = JSON.stringify({ query: "{ viewer { userId } }" });
  const slow = connect(server.port, "127.0.0.1");
  slow.write(
    `POST /graphql HTTP/1.1\r\nHost: a\r\nX-API-Key: ${viewer.key}\r\nContent-Type: application/json\r\n` +
      `Connection: close\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
  );
  await sleep(200);
  expect((await viewer.query("{ viewer { userId } }")).status).toBe(200);
  slow.write(body.slice(5));
  const chunks: Buffer[] = [];
  for await (const chunk of slow) chunks.push(chunk);
  expect(Buffer.concat(chunks).toString()).toContain(viewer.userId);
});
