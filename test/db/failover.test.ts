import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { apiKeyQueries, newApiKey } from "../../src/auth/api-key.ts";
import { openDatabase } from "../../src/db/client.ts";
import { applyMigrations } from "../../src/db/migrate.ts";
import { deadlineIn } from "../../src/values/deadline.ts";
import { aJob, aTask, someJobs } from "../support/builders.ts";
import { failedOf, loadPages, wrongOf } from "../support/page-load.ts";
import { type ReplicationNode, sharedReplication } from "../support/replication.ts";
import { openTcpProxy } from "../support/tcp-proxy.ts";
import { DEFAULT_TIMEOUTS, serveDatabase } from "../support/test-server.ts";

const { nodes, urlOf } = await sharedReplication();
/** The roles at present. Each failover swaps them. */
let [primary, standby] = nodes as [ReplicationNode, ReplicationNode];
const listed = (parameters = "target_session_attrs=primary") => urlOf(nodes, parameters);

let isPromoted = false;

async function promoteStandby(): Promise<void> {
  isPromoted = true;
  await standby.promote();
}

/** Makes the former primary a standby of the promoted server. */
async function exchangeRoles(): Promise<void> {
  isPromoted = false;
  [primary, standby] = [standby, primary];
  await standby.copyFrom(primary);
}

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
  if (isPromoted) await exchangeRoles();
});

/** A pool like that of a server. */
function open(url: string) {
  const database = openDatabase({ url, maxConnections: 2, statementTimeoutMs: 1000 });
  opened.push(database);
  const port = async () => {
    const [row] = await database.read(deadlineIn(10_000), () => database.sql`select inet_server_port() as port`);
    return row?.port as number;
  };
  return { ...database, port };
}

describe("a server of the list is chosen by target_session_attrs", () => {
  test.each([
    ["primary", () => primary],
    ["read-write", () => primary],
    ["standby", () => standby],
    ["read-only", () => standby],
    ["prefer-standby", () => standby],
  ])("the server of target_session_attrs=%s is chosen in any order of the list", async (target, expected) => {
    for (const order of [nodes, nodes.toReversed()]) {
      expect(await open(urlOf(order, `target_session_attrs=${target}`)).port()).toBe(expected().port);
    }
  });

  test("target_session_attrs=any chooses the first server that answers", async () => {
    expect(await open(urlOf([standby, primary])).port()).toBe(standby.port);
  });
});

/** A page of a new task over a server for the list, with clients that request it. */
async function startLoad(clients: number) {
  const taskId = await primary.run((sql) => aTask(sql));
  await primary.run((sql) => someJobs(sql, taskId, 300));
  await standby.replayed();
  const server = await serveDatabase(listed(), DEFAULT_TIMEOUTS);
  opened.push(server);
  const { get } = await server.as({ isAdmin: true });
  const request = () => get(`/api/v1/tasks/${taskId}/jobs?limit=20&offset=100`);
  const expected = await (await request()).text();
  return { server, request, load: loadPages({ clients, request, isRight: (body) => body === expected }) };
}

/** A request waits for 1.9 s, so it need not survive a failover that takes a busy machine longer than this. */
const ABOUT_A_SECOND_MS = 1400;

test("requests survive a failover of about a second without a failure", async () => {
  for (let attempt = 1; ; attempt++) {
    const { load } = await startLoad(20);
    await sleep(300);
    const killedAt = performance.now();
    await primary.kill();
    await sleep(900);
    await promoteStandby();
    const tookMs = performance.now() - killedAt;
    await sleep(800);
    const pages = await load.stop();
    await exchangeRoles();
    expect(wrongOf(pages)).toEqual([]);
    if (tookMs > ABOUT_A_SECOND_MS && attempt < 3) continue;
    expect(failedOf(pages)).toEqual([]);
    return;
  }
});

test("a longer failover is 503 with Retry-After, and pages are right within a second of the promotion", async () => {
  const { server, load } = await startLoad(8);
  await sleep(300);
  await primary.kill();
  await sleep(2500);
  await promoteStandby();
  const promotedAt = performance.now();
  await sleep(1500);
  const pages = await load.stop();
  const failed = failedOf(pages);
  expect(new Set(failed.map(({ status, retryAfter }) => `${status} ${retryAfter}`))).toEqual(new Set(["503 1"]));
  expect(failed.filter(({ startedAt }) => startedAt > promotedAt + 1000)).toEqual([]);
  expect(wrongOf(pages)).toEqual([]);
  const reasons = server.logLines.map((line) => JSON.parse(line).reason ?? "").join("\n");
  expect(reasons).toContain(
    `NO_SUITABLE_SERVER no server for target_session_attrs=primary: 127.0.0.1:${primary.port} failed (ECONNREFUSED`,
  );
  expect(reasons).toContain(`127.0.0.1:${standby.port} is a standby`);
  expect(reasons).not.toContain(new URL(primary.url).password);
});

test("all connections move from a frozen primary to the promoted standby, and stay there after the thaw", async () => {
  const pool = open(listed());
  const read = () => pool.read(deadlineIn(10_000), () => pool.sql`select pg_sleep(0.1)`);
  await Promise.all([read(), read()]);
  expect(await pool.port()).toBe(primary.port);
  primary.freeze();
  await promoteStandby();
  await expect.poll(() => pool.port()).toBe(standby.port);
  primary.thaw();
  // The former primary still accepts writes. Only its timeline tells that it is outdated.
  await primary.run((sql) => sql`create table outdated ()`);
  await sleep(1200);
  const ports = await Promise.all(Array.from({ length: 20 }, () => pool.port()));
  expect(new Set(ports)).toEqual(new Set([standby.port]));
  expect(await open(urlOf([primary, standby], "target_session_attrs=read-write")).port()).toBe(standby.port);
});

test("pages are right after a failover that lost a transaction, also those with bookmarks and entity tags", async () => {
  const userId = randomUUID();
  const taskId = await primary.run((sql) => aTask(sql, { user_id: userId }));
  await primary.run((sql) => someJobs(sql, taskId, 300));
  const server = await serveDatabase(listed(), {});
  opened.push(server);
  const { get } = await server.as({ userId });
  const path = (offset: number) => `/api/v1/tasks/${taskId}/jobs?limit=50&offset=${offset}`;
  await standby.replayed();
  await standby.stopReceiving();
  await primary.run((sql) => aJob(sql, { task_id: taskId, created_at: "2026-01-01T00:00:00Z" }));
  const lost = new Map<number, string | null>();
  for (const offset of [100, 150, 200]) lost.set(offset, (await get(path(offset))).headers.get("etag"));
  await primary.kill();
  await promoteStandby();
  await standby.run((sql) => aJob(sql, { task_id: taskId, created_at: "2020-01-01T00:00:00Z" }));
  const expected = await standby.run(
    (sql) => sql`
    select id from task_email_jobs where task_id = ${taskId} order by created_at desc, id desc`,
  );
  for (const [offset, etag] of lost) {
    const response = await get(path(offset), { headers: { "If-None-Match": etag ?? "" } });
    const { jobs, count } = JSON.parse(await response.text());
    const ids = expected.slice(offset, offset + 50).map(({ id }: { id: string }) => id);
    expect([response.status, count, jobs.map(({ id }: { id: string }) => id)]).toEqual([200, 301, ids]);
  }
});

test("with read-write, no connection to a primary that became read-only is used until it is writable again", async () => {
  const pool = open(listed("target_session_attrs=read-write"));
  expect(await pool.port()).toBe(primary.port);
  await primary.configure({ default_transaction_read_only: "on" });
  await expect.poll(() => pool.port().catch(({ kind }) => kind)).toBe("UNAVAILABLE");
  const tolerant = open(listed("target_session_attrs=primary"));
  expect(await tolerant.port()).toBe(primary.port);
  await primary.configure({ default_transaction_read_only: "off" });
  await expect.poll(() => pool.port().catch(() => null)).toBe(primary.port);
});

test("migrations, commands and a stored rate limit find the primary of a list that names no target", async () => {
  const url = urlOf([standby, primary]);
  await applyMigrations(url);
  await applyMigrations(urlOf([standby, primary], "target_session_attrs=prefer-standby"));
  const command = openDatabase({ url, maxConnections: 1 });
  opened.push(command);
  const [row] = await command.sql`select inet_server_port() as port`;
  expect(row?.port).toBe(primary.port);

  const key = newApiKey();
  const owner = { userId: randomUUID(), isAdmin: false, name: "", expiresAt: null };
  await apiKeyQueries(command).insertApiKey(key, owner);
  await standby.replayed();
  const server = await serveDatabase(url, { RATE_LIMIT: "2/m", RATE_LIMIT_STORE: "postgres" });
  opened.push(server);
  const counted: number[] = [];
  // Requests pass uncounted until the server is connected to the store.
  while (counted.length < 3) {
    const { headers, status } = await fetch(`${server.url}/api/v1/tasks`, { headers: { "X-API-Key": key } });
    if (headers.has("ratelimit")) counted.push(status);
  }
  expect(counted).toEqual([200, 200, 429]);
});

test("while an address leads to a standby, no statement is sent there until it leads to the primary again", async () => {
  const proxy = await openTcpProxy({ host: "127.0.0.1", port: primary.port });
  opened.push(proxy);
  const pool = open(urlOf([{ ...primary, port: proxy.port }], "target_session_attrs=primary"));
  // The second connection stays open, so that the server is still watched over a connection to the primary.
  const backend = () => pool.read(deadlineIn(10_000), () => pool.sql`select pg_backend_pid() as pid, pg_sleep(0.1)`);
  const [[one], [other]] = await Promise.all([backend(), backend()]);
  expect(one?.pid).not.toBe(other?.pid);
  proxy.leadTo({ host: "127.0.0.1", port: standby.port });
  await primary.run((sql) => sql`select pg_terminate_backend(${one?.pid}, 5000)`);
  const connects = proxy.connects();
  const reads = Array.from({ length: 4 }, () =>
    pool.read(deadlineIn(10_000), () => pool.sql`select inet_server_port() as port, pg_sleep(0.1)`),
  );
  // Several connections find that the address leads to a standby.
  await expect.poll(proxy.connects, { interval: 10 }).toBeGreaterThan(connects + 1);
  proxy.leadTo({ host: "127.0.0.1", port: primary.port });
  expect((await Promise.all(reads)).map(([row]) => row?.port)).toEqual(Array(4).fill(primary.port));
});

test("with load_balance_hosts=random, connections are spread over the servers that suit", async () => {
  const ports = new Set<number>();
  // All would lead to one server by chance in one of 2^49 runs.
  for (let i = 0; i < 50 && ports.size < 2; i++) ports.add(await open(listed("load_balance_hosts=random")).port());
  expect(ports).toEqual(new Set([primary.port, standby.port]));
});

test("a wrong password is reported even if another server refuses the connection", async () => {
  const url = listed()
    .replace(/:[^:@]*@/, ":wrong@")
    .replace(String(standby.port), "9");
  await expect(open(url).port()).rejects.toMatchObject({ cause: { cause: { code: "28P01" } } });
});
