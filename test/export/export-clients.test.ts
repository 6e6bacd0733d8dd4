import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aTask, someJobs } from "../support/builders.ts";
import { type ExportServer, exportsInDatabase, serveExports } from "../support/export-server.ts";
import { createTestDatabase, type TestDatabase } from "../support/test-database.ts";
import { waitingStatements } from "../support/waiting-statements.ts";

const userId = "0e6f1a52-7a4e-4d3e-9a5c-0d9d6a7b8c9d";

let database: TestDatabase;
let server: ExportServer;
let bigTaskId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await serveExports(database, { userId });
  bigTaskId = await aTask(database.sql, { user_id: userId });
  await someJobs(database.sql, bigTaskId, 60_000);
});
afterAll(async () => {
  await server.close();
  await database.close();
});

const running = () => exportsInDatabase(database);

/** Opens an export when a slot is free, which is shortly after an earlier export has left the database. */
async function openWhenFree({ key }: { key: string }): Promise<IncomingMessage> {
  const opened: IncomingMessage[] = [];
  const status = async () => {
    opened.push(await server.open(bigTaskId, "", { "X-API-Key": key }));
    return opened.at(-1)?.statusCode;
  };
  await expect.poll(status).toBe(200);
  return opened.at(-1) as IncomingMessage;
}

test("a user who uses half of the export slots receives 503 for another export, while other users can export", async () => {
  const open = [await server.open(bigTaskId), await server.open(bigTaskId, "", { "Accept-Encoding": "gzip" })];
  const refused = await server.get(bigTaskId);
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
  const other = await server.as({ isAdmin: true });
  expect((await other.get(server.pathOf(bigTaskId, "q=user17@"))).status).toBe(200);
  for (const response of open) response.destroy();
  await expect.poll(running).toEqual([]);
  await expect.poll(async () => (await server.get(bigTaskId, "q=user17@")).status).toBe(200);
});

test("the last free slot is kept for a user without a running export", async () => {
  const open: IncomingMessage[] = [];
  const [second, third] = [await server.as({ isAdmin: true }), await server.as({ isAdmin: true })];
  try {
    for (const user of [server, server, second]) open.push(await openWhenFree(user));
    expect((await second.get(server.pathOf(bigTaskId))).status).toBe(503);
    open.push(await openWhenFree(third));
    expect(open.at(-1)?.statusCode).toBe(200);
  } finally {
    for (const response of open) response.destroy();
  }
  await expect.poll(running).toEqual([]);
});

test("a client that disconnects before its export starts occupies no slot", async () => {
  const request = `GET ${server.pathOf(bigTaskId, "")} HTTP/1.1\r\nHost: a\r\nX-API-Key: ${server.key}\r\n\r\n`;
  for (let ms = 0; ms < 30; ms++) {
    const socket = net.connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(request);
    await sleep(ms);
    socket.destroy();
  }
  await expect.poll(running).toEqual([]);
  const open = [await openWhenFree(server), await openWhenFree(server)];
  for (const response of open) response.destroy();
  await expect.poll(running).toEqual([]);
});

test("a client that disconnects while its API key is looked up starts no export", async () => {
  await database.sql.begin(async (tx) => {
    await tx`lock table api_keys in access exclusive mode`;
    const disconnect = new AbortController();
    const response = server.get(bigTaskId, "", { signal: disconnect.signal });
    await expect.poll(() => waitingStatements(database.sql)).toBe(1);
    disconnect.abort();
    await expect(response).rejects.toThrow();
  });
  await sleep(200);
  expect(await running()).toEqual([]);
});

test("a client that reads more slowly than the minimum rate is disconnected even if it never stops reading", async () => {
  const demanding = await serveExports(database, { userId, maxStallMs: 1000, minBytesPerSecond: 50 * 1024 * 1024 });
  try {
    const response = await demanding.open(bigTaskId);
    await expect.poll(running, { interval: 10 }).toHaveLength(1);
    const reading = setInterval(() => response.read(512), 50);
    await expect.poll(running).toEqual([]);
    clearInterval(reading);
    await expect(once(response.resume(), "end")).rejects.toThrow("aborted");
  } finally {
    await demanding.close();
  }
});

test("an export whose client reads nothing ends at the export limit, not at the limit for silent connections", async () => {
  const impatient = await serveExports(database, { userId, maxStallMs: 600, silenceTimeoutMs: 100 });
  try {
    const startedAt = performance.now();
    const response = await impatient.open(bigTaskId);
    await expect.poll(running, { interval: 10 }).toHaveLength(1);
    await expect.poll(running).toEqual([]);
    expect(performance.now() - startedAt).toBeGreaterThan(400);
    await expect(once(response.resume(), "end")).rejects.toThrow("aborted");
  } finally {
    await impatient.close();
  }
});
