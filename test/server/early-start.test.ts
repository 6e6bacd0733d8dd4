import postgres from "postgres";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { apiKeyQueries, newApiKey } from "../../src/auth/api-key.ts";
import { MIGRATION_LOCK_ID } from "../../src/db/migrate.ts";
import { aTask, someJobs } from "../support/builders.ts";
import { databaseUrl } from "../support/global-setup.ts";
import { killPrograms, MAIN, requireBuild, runProgram, startProgram } from "../support/program.ts";
import { openTcpProxy } from "../support/tcp-proxy.ts";
import { asSuperuser, sharedTestDatabase } from "../support/test-database.ts";

// These tests start the program before its database is reachable.

/** The server serves pages a second after the database is reachable. The rest is a margin for this machine. */
const SERVES_WITHIN_MS = 1500;

const key = newApiKey();
let proxy: Awaited<ReturnType<typeof openTcpProxy>>;

requireBuild();
const database = await sharedTestDatabase();
const userId = "33333333-0000-4000-8000-000000000003";
await apiKeyQueries(database).insertApiKey(key, { userId, isAdmin: false, name: "", expiresAt: null });
const taskId = await aTask(database.sql, { user_id: userId });
await someJobs(database.sql, taskId, 3);
const path = `/api/v1/tasks/${taskId}/jobs`;
beforeEach(async () => {
  const { hostname, port } = new URL(database.url);
  proxy = await openTcpProxy({ host: hostname, port: Number(port) });
});
afterEach(async () => {
  killPrograms();
  await proxy.close();
});

function throughProxy(url: string, user: { username?: string; password?: string } = {}): string {
  return Object.assign(new URL(url), { port: String(proxy.port), ...user }).href;
}

const linesOf = (program: ReturnType<typeof startProgram>) =>
  program
    .stderr()
    .split("\n")
    .filter((line) => /the database is/.test(line));

test.each([
  ["on", "refuse"],
  ["on", "hang up"],
  ["on", "blackhole"],
  ["off", "refuse"],
  ["off", "blackhole"],
] as const)(
  "with MIGRATE=%s and connections that %s the server is alive and answers 503, and 200 once the database is reachable",
  async (MIGRATE, mood) => {
    proxy.become(mood);
    const program = startProgram(MAIN, { DATABASE_URL: throughProxy(database.url), PORT: "0", MIGRATE });
    const origin = await program.listening();
    const request = () => fetch(origin + path, { headers: { "X-API-Key": key } });
    const statusOf = async (at: string) => (await fetch(origin + at)).status;

    expect(await statusOf("/healthz")).toBe(200);
    expect(await statusOf("/readyz")).toBe(503);
    const refused = await request();
    const { error } = JSON.parse(await refused.text());
    const answer = [refused.status, error.code, refused.headers.get("retry-after")];
    if (mood === "blackhole" && refused.status === 504) expect(error.code).toBe("DEPENDENCY_TIMEOUT");
    else expect(answer).toEqual([503, "DEPENDENCY_UNAVAILABLE", "1"]);

    if (mood === "blackhole") await proxy.close().then(reopenProxy);
    else proxy.become("forward");
    const options = { timeout: SERVES_WITHIN_MS, interval: 20 };
    await expect.poll(async () => (await request()).status, options).toBe(200);
    await expect.poll(() => statusOf("/readyz"), options).toBe(200);
    if (MIGRATE === "on") {
      await expect.poll(() => linesOf(program).length).toBe(2);
      expect(linesOf(program)[0]).toMatch(/"reason":"[A-Z_]+( 127\.0\.0\.1:\d+)?"/);
    }
    expect((await program.stop()).code).toBe(0);
  },
);

/** Accepts new connections. The bytes of the old connections stay lost. */
async function reopenProxy(): Promise<void> {
  const { hostname, port } = new URL(database.url);
  proxy = await openTcpProxy({ host: hostname, port: Number(port) }, proxy.port);
}

test("an empty database that becomes reachable after the start is migrated and served", async () => {
  await asSuperuser((sql) => sql`create database late_and_empty`);
  proxy.become("refuse");
  const url = throughProxy(databaseUrl(inject("serverUrl"), "late_and_empty"));
  const program = startProgram(MAIN, { DATABASE_URL: url, PORT: "0", WORKERS: "2" });
  const origin = await program.listening();
  const statusOf = async (at: string) => (await fetch(origin + at, { headers: { "X-API-Key": key } })).status;
  expect(await statusOf("/readyz")).toBe(503);
  // A slow migration of another instance: the database is reachable, but its tables do not exist yet.
  const other = postgres(databaseUrl(inject("serverUrl"), "late_and_empty"), { max: 1 });
  await other`select pg_advisory_lock(${MIGRATION_LOCK_ID})`;
  proxy.become("forward");
  const waiting = () => other`
    select 1 from pg_stat_activity where wait_event = 'advisory' and datname = current_database()`;
  await expect.poll(waiting).toHaveLength(1);
  const statuses = new Set<number>();
  const requestAndReadLog = async () => {
    statuses.add(await statusOf(path));
    return program.stderr();
  };
  await expect.poll(requestAndReadLog).toContain("42P01");
  expect([...statuses, await statusOf("/readyz")]).toEqual([503, 503]);
  await other.end();

  await expect.poll(() => statusOf("/readyz")).toBe(200);
  // The key is unknown, because it is in another database.
  expect(await statusOf(path)).toBe(401);
  expect((await program.stop()).code).toBe(0);
});

test("an error that a later attempt cannot clear ends the program with 1, even after the start", async () => {
  const wrong = throughProxy(database.url, { username: "unknown_user", password: "pass-word" });
  const missing = throughProxy(databaseUrl(inject("serverUrl"), "never_created"));
  for (const [url, message] of [
    [wrong, / 28\w{3} .*Are the user name and the password/],
    [missing, / 3D000 the database does not exist\. Create the database/],
  ] as const) {
    const { code, stderr } = await runProgram(MAIN, { DATABASE_URL: url, PORT: "0" });
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
    expect(stderr).not.toMatch(/pass-word|at .*\.js/);
  }
  proxy.become("refuse");
  const late = startProgram(MAIN, { DATABASE_URL: missing, PORT: "0", LOG_LEVEL: "silent" });
  await late.listening();
  proxy.become("forward");
  expect(await late.ended).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("3D000 the database does not exist"),
  });
});

test("a stop before the database was ever reachable exits with 0", async () => {
  proxy.become("refuse");
  const program = startProgram(MAIN, { DATABASE_URL: throughProxy(database.url), PORT: "0", SHUTDOWN_DRAIN_MS: "0" });
  await program.listening();
  expect((await program.stop()).code).toBe(0);
});

test("the log names host and cause of an unreachable database once when it begins and in the line of each request", async () => {
  proxy.become("forward");
  const program = startProgram(MAIN, { DATABASE_URL: throughProxy(database.url), PORT: "0", MIGRATE: "off" });
  const origin = await program.listening();
  const request = async () => (await fetch(origin + path, { headers: { "X-API-Key": key } })).status;
  expect(await request()).toBe(200);
  proxy.become("refuse");
  for (let count = 0; count < 12; count++) await request();
  expect((await fetch(`${origin}/readyz`)).status).toBe(503);
  proxy.become("forward");
  await expect.poll(request).toBe(200);
  await expect.poll(async () => (await fetch(`${origin}/readyz`)).status).toBe(200);
  await program.stop();
  const lines = program
    .stderr()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const reasons = (message: string) => lines.filter(({ msg }) => msg === message).map(({ reason }) => reason);
  expect(reasons("the database cannot be reached")).toHaveLength(1);
  expect(reasons("the database answers again")).toHaveLength(1);
  const all = [
    ...reasons("a dependency did not answer"),
    ...reasons("not ready"),
    ...reasons("the database cannot be reached"),
  ];
  expect(all.length).toBeGreaterThan(8);
  expect(
    all.filter((reason) => !/^(ECONNREFUSED 127\.0\.0\.1:\d+|HUNG_UP|ECONNRESET|CONNECTION_CLOSED)/.test(reason)),
  ).toEqual([]);
});
