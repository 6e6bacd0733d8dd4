import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, afterEach, describe, expect, inject, test } from "vitest";
import { apiKeyQueries, newApiKey } from "../../src/auth/api-key.ts";
import { aTask, someJobs } from "../support/builders.ts";
import { databaseUrl } from "../support/global-setup.ts";
import { holdReadsOf } from "../support/held-reads.ts";
import { childrenOf, killPrograms, MAIN, requireBuild, runProgram, startProgram } from "../support/program.ts";
import { asSuperuser, sharedTestDatabase } from "../support/test-database.ts";

requireBuild();
const database = await sharedTestDatabase();
afterEach(killPrograms);

const serving = (more: Record<string, string> = {}) =>
  startProgram(MAIN, { DATABASE_URL: database.url, PORT: "0", ...more });

describe("a start that fails prints one message without a stack", () => {
  test("a start with invalid settings fails with one message that names all of them without their values", async () => {
    const { code, stderr } = await runProgram(MAIN, {
      PORT: "70000",
      DATABASE_URL: "mysql://secret@host/db",
      GRAPHIQL: "maybe",
      CORS_ORIGINS: "https://app.example/path",
      JWT_JWKS_URL: "keys.json",
      LOG_LEVEL: "loud",
    });
    expect(code).toBe(1);
    expect(stderr).toBe(
      [
        "The environment has invalid settings:",
        "  DATABASE_URL must be a URL that starts with postgres:// or postgresql://",
        "  PORT must be a whole number from 0 to 65535",
        "  CORS_ORIGINS must be origins such as https://app.example.com or https://*.example.com, separated by commas",
        "  GRAPHIQL must be on or off",
        "  LOG_LEVEL must be one of debug, info, warn, error, silent",
        "  JWT_JWKS_URL must be a URL that starts with https:// or http:// and has no user name or password",
        "",
      ].join("\n"),
    );
  });

  test("a start with trusted documents that cannot be executed fails, in a worker too", async () => {
    const environment = { DATABASE_URL: database.url, TRUSTED_DOCUMENTS: "package.json", PORT: "0" };
    for (const WORKERS of ["1", "2"]) {
      const { code, stderr } = await runProgram(MAIN, { ...environment, WORKERS });
      expect(code).toBe(1);
      expect(stderr).toMatch(/^The manifest of TRUSTED_DOCUMENTS cannot be used:\n {2}document private: it must be/);
    }
  });

  test("a start in production without DATABASE_URL fails", async () => {
    const { code, stderr } = await runProgram(MAIN, { NODE_ENV: "production" });
    expect(code).toBe(1);
    expect(stderr).toContain("DATABASE_URL is required when NODE_ENV=production");
  });

  test("a start on a port that another program uses fails with a message that says so", async () => {
    const first = serving();
    const port = new URL(await first.listening()).port;
    const { code, stderr } = await runProgram(MAIN, { DATABASE_URL: database.url, PORT: port });
    expect([code, stderr]).toEqual([
      1,
      `Cannot listen on 127.0.0.1:${port}: another program listens there. Stop it, or choose another PORT.\n`,
    ]);
  });
});

describe("the database's migrations", () => {
  const anEmptyDatabase = async (name: string) => {
    await asSuperuser((sql) => sql`create database ${sql(name)}`);
    return databaseUrl(inject("serverUrl"), name);
  };

  test("five instances that start together apply the migrations once", async () => {
    const url = await anEmptyDatabase("migrated_by_five");
    const programs = Array.from({ length: 5 }, () => startProgram(MAIN, { DATABASE_URL: url, PORT: "0" }));
    const origins = await Promise.all(programs.map((program) => program.listening()));
    const ready = await Promise.all(origins.map(async (origin) => (await fetch(`${origin}/readyz`)).status));
    expect(ready).toEqual(Array(5).fill(200));
    const ends = await Promise.all(programs.map((program) => program.stop()));
    expect(ends.map(({ code }) => code)).toEqual(Array(5).fill(0));
  }, 60_000);

  test("a start in a database with a table of another program fails with a message that says so", async () => {
    const url = await anEmptyDatabase("of_another_program");
    const sql = postgres(url, { max: 1 });
    await sql`create table tasks (id integer)`;
    await sql.end();
    const { code, stderr } = await runProgram(MAIN, { DATABASE_URL: url, PORT: "0" });
    expect(code).toBe(1);
    expect(stderr).toContain("42P07 a table of the same name exists. Use an empty database");
  });

  test("with MIGRATE=off the server is alive but not ready until another process applies the migrations", async () => {
    const url = await anEmptyDatabase("not_migrated");
    const program = startProgram(MAIN, { DATABASE_URL: url, PORT: "0", MIGRATE: "off" });
    const origin = await program.listening();
    expect((await fetch(`${origin}/healthz`)).status).toBe(200);
    expect((await fetch(`${origin}/readyz`)).status).toBe(503);
    await startProgram(MAIN, { DATABASE_URL: url, PORT: "0" }).listening();
    await expect.poll(async () => (await fetch(`${origin}/readyz`)).status).toBe(200);
  });
});

describe.each(["SIGTERM", "SIGINT"] as const)("%s", (signal) => {
  test(`${signal} lets running requests finish, closes the port and exits with 0`, async () => {
    const limits = { STATEMENT_TIMEOUT_MS: "20000", REQUEST_TIMEOUT_MS: "20000" };
    const program = serving({ SHUTDOWN_DRAIN_MS: "0", ...limits });
    const origin = await program.listening();
    const key = newApiKey();
    const userId = "11111111-0000-4000-8000-000000000001";
    await apiKeyQueries(database).insertApiKey(key, { userId, isAdmin: false, name: "", expiresAt: null });
    const taskId = await aTask(database.sql, { user_id: userId });
    await someJobs(database.sql, taskId, 1);
    const path = `/api/v1/tasks/${taskId}/jobs`;

    const { countHeld, release, restore } = await holdReadsOf(database.sql, "task_email_jobs");
    try {
      const running = fetch(origin + path, { headers: { "X-API-Key": key } });
      await expect.poll(countHeld).toBe(1);
      program.child.kill(signal);
      await expect.poll(() => isClosed(origin)).toBe(true);
      await release();
      expect((await running).status).toBe(200);
      const answeredAt = performance.now();
      expect((await program.ended).code).toBe(0);
      // The idle keep-alive connection does not delay the exit until the end of the grace period.
      expect(performance.now() - answeredAt).toBeLessThan(5000);
    } finally {
      await release();
      await restore();
    }
  });
});

function isClosed(origin: string): Promise<boolean> {
  const socket = net.connect(Number(new URL(origin).port), "127.0.0.1");
  return new Promise((resolve) => {
    socket.on("connect", () => resolve(false)).on("error", () => resolve(true));
  }).finally(() => socket.destroy()) as Promise<boolean>;
}

test("a request that still runs after the grace period is cut off, and the exit code is 0", async () => {
  const program = serving({ SHUTDOWN_GRACE_MS: "300" });
  const origin = await program.listening();
  const idle = http.get(`${origin}/healthz`, { agent: new http.Agent({ keepAlive: true }) });
  idle.on("response", (response) => response.resume());
  await new Promise((resolve) => idle.on("close", resolve));
  const stuck = http.request(`${origin}/graphql`, { method: "POST", headers: { "Content-Length": "10" } });
  stuck.on("error", () => {});
  stuck.flushHeaders();
  const startedAt = performance.now();
  expect((await program.stop()).code).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(5000);
});

test("two workers serve one port, a killed worker is replaced, and a stop ends both", async () => {
  const program = serving({ WORKERS: "2", LOG_LEVEL: "info" });
  const origin = await program.listening();
  const alive = async () => (await fetch(`${origin}/readyz`, { headers: { Connection: "close" } })).status;
  const workersOf = () => childrenOf(program.child.pid);
  const [victim] = workersOf();
  expect(workersOf()).toHaveLength(2);
  process.kill(victim ?? 0, "SIGKILL");
  await expect.poll(() => workersOf().filter((pid) => pid !== victim).length).toBe(2);
  for (let i = 0; i < 10; i++) expect(await alive()).toBe(200);
  const { code, stdout } = await program.stop();
  expect(code).toBe(0);
  expect(stdout.match(/Listening on/g)).toHaveLength(1);
});

describe("the embedded demo", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "task-jobs-demo-"));
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));
  const demo = () => startProgram(MAIN, { DATA_DIR: dataDir, PORT: "0" });

  /** Sends the request of the printed curl line, and returns the lines that must stay the same. */
  async function readDemo(program: ReturnType<typeof demo>) {
    const [, key, url] = await program.printed(/curl -s -H 'Authorization: Bearer (\S+)' '(\S+)'/);
    await program.listening();
    const response = await fetch(url ?? "", { headers: { Authorization: `Bearer ${key}` } });
    const [sample] = await program.printed(/Sample .*/);
    const [admin] = await program.printed(/Demo admin .*/);
    return { key, sample, admin, status: response.status, body: await response.text() };
  }

  test("the demo keeps its data and its keys after a stop and after kill -9", async () => {
    const first = demo();
    const before = await readDemo(first);
    expect(before.status).toBe(200);
    expect(JSON.parse(before.body)).toMatchObject({ count: 2000, limit: 2 });
    expect((await first.stop()).code).toBe(0);

    const second = demo();
    expect(await readDemo(second)).toEqual(before);
    await second.stop("SIGKILL");

    const third = demo();
    expect(await readDemo(third)).toEqual(before);
    expect((await third.stop()).code).toBe(0);
  });

  test.each(["", "{", "null", '{"taskId": 1, "userKey": "a", "adminKey": null}'])(
    "a demo.json that holds %o is repaired at the next start",
    async (text) => {
      writeFileSync(join(dataDir, "demo.json"), text);
      const repaired = demo();
      expect((await readDemo(repaired)).status).toBe(200);
      await repaired.stop();
      expect(JSON.parse(readFileSync(join(dataDir, "demo.json"), "utf8"))).toMatchObject({
        userKey: expect.stringMatching(/^tj_/),
      });
    },
  );

  test("a start that fails on its port stops the database that it started", async () => {
    const other = net.createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as net.AddressInfo;
    const { code, stderr } = await runProgram(MAIN, { DATA_DIR: dataDir, PORT: String(port) });
    other.close();
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^Cannot listen on .*\n$/)]);
    expect(readdirSync(dataDir)).not.toContain("postgres.owner.json");
  });

  test("a second start on the same data directory fails with a message that names the running process", async () => {
    const first = demo();
    await first.listening();
    const { code, stderr } = await demo().ended;
    expect(code).toBe(1);
    expect(stderr).toContain(String(first.child.pid));
    expect(stderr.trim().split("\n").length).toBeLessThan(5);
    expect((await fetch(`${await first.listening()}/readyz`)).status).toBe(200);
    await first.stop();
  });
});
