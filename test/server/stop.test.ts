import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { apiKeyQueries, newApiKey } from "../../src/auth/api-key.ts";
import { openDrain } from "../../src/http/shutdown.ts";
import { aTask, someJobs } from "../support/builders.ts";
import { holdReadsOf } from "../support/held-reads.ts";
import { killPrograms, runProgram, startProgram } from "../support/program.ts";
import { sharedTestDatabase } from "../support/test-database.ts";

const USER_ID = "11111111-0000-4000-8000-000000000001";
const key = newApiKey();
const database = await sharedTestDatabase();
await apiKeyQueries(database).insertApiKey(key, { userId: USER_ID, isAdmin: false, name: "", expiresAt: null });
afterEach(killPrograms);

async function serve() {
  const program = startProgram("dist/main.js", {
    DATABASE_URL: database.url,
    PORT: "0",
    SHUTDOWN_DRAIN_MS: "0",
    SHUTDOWN_GRACE_MS: "10000",
    STATEMENT_TIMEOUT_MS: "20000",
    REQUEST_TIMEOUT_MS: "20000",
  });
  const origin = await program.listening();
  return {
    origin,
    ended: program.ended,
    async beginStop(): Promise<void> {
      program.child.kill("SIGTERM");
      await expect.poll(() => program.stderr()).toContain("stopping");
    },
    /** Records the response and the time when the connection closes. */
    async connect(bytes: string) {
      const socket = net.connect(Number(new URL(origin).port), "127.0.0.1");
      const closed = new Promise<number>((resolve) => socket.once("close", () => resolve(performance.now())));
      socket.on("error", () => {});
      let text = "";
      socket.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
      });
      await once(socket, "connect");
      socket.write(bytes);
      return { socket, closed, text: () => text };
    },
  };
}

describe("a stop during a slow page", () => {
  let page: string;
  beforeAll(async () => {
    const taskId = await aTask(database.sql, { user_id: USER_ID });
    await someJobs(database.sql, taskId, 1);
    page = `/api/v1/tasks/${taskId}/jobs`;
  });
  let reads: Awaited<ReturnType<typeof holdReadsOf>>;
  beforeEach(async () => {
    reads = await holdReadsOf(database.sql, "task_email_jobs");
  });
  afterEach(async () => {
    await reads.release();
    await reads.restore();
  });
  const isRead = () => expect.poll(reads.countHeld).toBe(1);

  test("a keep-alive client does not delay a stop", async () => {
    const server = await serve();
    const agent = new http.Agent({ keepAlive: true });
    const answered = once(http.get(server.origin + page, { agent, headers: { "X-API-Key": key } }), "response");
    await isRead();
    await server.beginStop();
    await reads.release();
    const [response] = (await answered) as [http.IncomingMessage];
    const answeredAt = performance.now();
    response.resume();
    expect([response.statusCode, response.headers.connection]).toEqual([200, "close"]);
    expect((await server.ended).code).toBe(0);
    expect(performance.now() - answeredAt).toBeLessThan(3000);
  });

  test("a stop closes connections without a complete request within a second, and still answers a running page", async () => {
    const server = await serve();
    const half = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n";
    const again = await server.connect(`${half}\r\n`);
    await once(again.socket, "data");
    again.socket.write(half);
    const idle = [await server.connect(""), await server.connect(half), again];
    // The first request of this connection is answered, but the second still runs.
    const busy = await server.connect(
      `${half}\r\nGET ${page} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${key}\r\n\r\n`,
    );
    await isRead();
    await server.beginStop();
    const stoppedAt = performance.now();
    for (const { closed } of idle) {
      const closedAt = await Promise.race([closed, sleep(5000, Number.POSITIVE_INFINITY)]);
      expect(closedAt - stoppedAt).toBeLessThan(3000);
    }
    await reads.release();
    await busy.closed;
    expect(busy.text().match(/HTTP\/1.1 200/g)).toHaveLength(2);
    const { code, stderr } = await server.ended;
    expect(code).toBe(0);
    expect(stderr.match(/"msg":"stopped"/g)).toHaveLength(1);
    expect(stderr.trimEnd()).toMatch(/"msg":"stopped"}$/);
  });
});

test("a request after a response that started before the stop is answered, and its connection is then closed", async () => {
  const server = await serve();
  const taskId = await aTask(database.sql, { user_id: USER_ID });
  await someJobs(database.sql, taskId, 60_000);
  const exporting = `GET /api/v1/tasks/${taskId}/jobs/export HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${key}\r\n\r\n`;
  const { socket, closed, text } = await server.connect(exporting);
  await once(socket, "data");
  socket.pause();
  await server.beginStop();
  socket.write("GET /graphql HTTP/1.1\r\nHost: localhost\r\n\r\n");
  socket.resume();
  await closed;
  const [exported, next] = text().split("\r\n0\r\n\r\n");
  expect(exported?.match(/"task_id"/g)).toHaveLength(60_000);
  expect(next).toMatch(/^HTTP\/1\.1 401 .*Connection: close\r\n/s);
  expect((await server.ended).code).toBe(0);
});

test("a stop resets no connection and loses no response of 50 clients at full speed, with one and with two workers", async () => {
  const args = ["--connections", "50", "--workers", "1,2", "--drain", "0", "--runs", "1"];
  const { code, stdout, stderr } = await runProgram("tools/stop-under-load.mjs", {}, args);
  expect(code, stdout + stderr).toBe(0);
}, 180_000);

test("a connection that is idle when the stop begins still gets the answer to its next request", async () => {
  const server = await serve();
  const request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const idle = await server.connect(request);
  await once(idle.socket, "data");
  await server.beginStop();
  idle.socket.write(request);
  await idle.closed;
  expect(idle.text().match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  expect((await server.ended).code).toBe(0);
});

test("streams are closed after the port, which their clients would otherwise use again", async () => {
  const server = http.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const wasListening: boolean[] = [];
  const onClose = () => {
    wasListening.push(server.listening);
  };
  await openDrain({ drainMs: 0, graceMs: 1000, onClose }).close(server);
  expect(wasListening).toEqual([false]);
});
