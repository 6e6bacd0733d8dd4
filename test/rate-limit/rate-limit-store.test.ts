import { randomUUID } from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { openPool } from "../../src/db/client.ts";
import { createLog } from "../../src/log.ts";
import { openRateLimiter } from "../../src/rate-limit/limiter.ts";
import { STORE_TIMEOUT_MS } from "../../src/rate-limit/postgres-store.ts";
import { removeExpiredCounts } from "../../src/rate-limit/remove-expired-counts.ts";
import { aTask } from "../support/builders.ts";
import { openTcpProxy } from "../support/tcp-proxy.ts";
import { createTestDatabase } from "../support/test-database.ts";
import { startTestServer } from "../support/test-server.ts";
import { waitingStatements } from "../support/waiting-statements.ts";

const running: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const each of running.splice(0).reverse()) await each.close();
});

/** Starts a server whose rate limit store is reached through a proxy, and whose pages are not. */
async function countingBehindProxy() {
  const keeper = await startTestServer();
  const store = new URL(keeper.database.url);
  const proxy = await openTcpProxy({ host: store.hostname, port: Number(store.port) });
  store.host = `127.0.0.1:${proxy.port}`;
  const server = await startTestServer({
    environment: { RATE_LIMIT: "1000/m", RATE_LIMIT_STORE: "postgres", DATABASE_URL: store.href },
  });
  running.push(keeper, proxy, server);
  const viewer = await server.as();
  const isCounted = async () => {
    const { status, headers } = await viewer.get(`/api/v1/tasks/${randomUUID()}/jobs`);
    expect(status).toBe(404);
    return headers.has("ratelimit");
  };
  // The first connection may take longer than a request waits for the store.
  await expect.poll(isCounted).toBe(true);
  server.logLines.length = 0;
  return { proxy, isCounted, logLines: server.logLines };
}

test("requests are counted again soon after the network to the store works again, and the log has one line about it", async () => {
  const { proxy, isCounted, logLines } = await countingBehindProxy();
  proxy.become("blackhole");
  expect(await isCounted()).toBe(false);
  proxy.become("forward");
  await expect.poll(isCounted, { interval: 100 }).toBe(true);
  expect(logLines.filter((line) => line.includes("requests are counted"))).toHaveLength(1);
});

test("the server pauses between its attempts to connect to a store that closes connections", async () => {
  const { proxy, isCounted } = await countingBehindProxy();
  proxy.become("hang up");
  const [before, startedAt] = [proxy.connects(), performance.now()];
  while (performance.now() < startedAt + 2500) {
    expect(await isCounted()).toBe(false);
    await sleep(50);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  // At most 20 attempts per second, and 20 more at the start.
  expect(proxy.connects() - before).toBeLessThan(20 * seconds + 30);
});

test("a client that disconnects while its request is counted leaves no slot behind", async () => {
  const server = await startTestServer({
    environment: { RATE_LIMIT: "1000/m", RATE_LIMIT_STORE: "postgres", DATABASE_POOL_SIZE: "1" },
  });
  running.push(server);
  const viewer = await server.as();
  const path = `/api/v1/tasks/${await aTask(server.sql, { user_id: viewer.userId })}/jobs`;
  expect((await viewer.get(path)).status).toBe(200);

  const closed = new Promise<void>((resolve) => {
    server.app.server.once("request", (_request, response) => response.once("close", resolve));
  });
  await server.sql.begin(async (sql) => {
    await sql`lock table rate_limits`;
    const client = net.connect(server.port, "127.0.0.1");
    await once(client, "connect");
    client.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${viewer.key}\r\n\r\n`);
    await expect.poll(() => waitingStatements(sql), { interval: 5 }).toBe(1);
    client.destroy();
    await closed;
  });

  expect((await viewer.get(path)).status).toBe(200);
});

test("counts that have ended, or end too late for their window, are removed even if the database is too slow to remove them at once", async () => {
  const database = await createTestDatabase();
  running.push(database);
  const sql = openPool({ url: database.url, statementTimeoutMs: STORE_TIMEOUT_MS }, 1);
  running.push({ close: () => sql.end() });
  await sql.unsafe(`
    insert into rate_limits select n::text, 1, n from generate_series(1, 6000) n;
    insert into rate_limits values ('60s:running', 1, ${Date.now() + 60_000}), ('60s:set back', 1, ${Date.now() + 36_000_000}),
      ('3600s:running', 1, ${Date.now() + 3_600_000});
    create function be_slow() returns trigger language plpgsql as $$
      begin perform pg_sleep((select count(*) from gone) / 10000.0); return null; end $$;
    create trigger slow after delete on rate_limits referencing old table as gone for each statement execute function be_slow()`);
  await removeExpiredCounts(sql, 60);
  expect(await sql`select key from rate_limits order by expire`).toEqual([
    { key: "60s:running" },
    { key: "3600s:running" },
  ]);
});

test("instances with different windows count separately in one database", async () => {
  const database = await createTestDatabase();
  running.push(database);
  for (const windowSeconds of [3600, 60]) {
    const config = { points: 10, windowSeconds, store: "postgres" } as const;
    const store = { databaseUrl: database.url, preparedStatements: true };
    const limiter = openRateLimiter(config, store, createLog("silent"));
    running.push(limiter);
    await expect.poll(() => limiter.take("key:x", 1)).not.toBeNull();
  }
  const rows = await database.sql`select key from rate_limits order by key`;
  expect(rows).toEqual([{ key: "3600s:key:x" }, { key: "60s:key:x" }]);
});

test("a count that has waited too long for the store is never sent to it", async () => {
  const database = await createTestDatabase();
  running.push(database);
  const config = { points: 1000, windowSeconds: 60, store: "postgres" } as const;
  const limiter = openRateLimiter(config, { databaseUrl: database.url, preparedStatements: true }, createLog("silent"));
  running.push(limiter);
  await database.sql.begin(async (sql) => {
    await sql`lock table rate_limits`;
    const counts = Array.from({ length: 30 }, () => limiter.take("key:x", 1));
    expect(new Set(await Promise.all(counts))).toEqual(new Set([null]));
  });
  await sleep(100);
  const [row] = await database.sql`select coalesce(sum(points), 0)::int as points from rate_limits`;
  // Two statements were sent and may have been waiting for the lock.
  expect(row?.points).toBeLessThanOrEqual(2);
});
