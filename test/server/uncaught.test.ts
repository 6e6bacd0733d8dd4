import { execFileSync } from "node:child_process";
import { afterEach, expect, test } from "vitest";
import { apiKeyQueries, newApiKey } from "../../src/auth/api-key.ts";
import { aTask, someJobs } from "../support/builders.ts";
import { holdReadsOf } from "../support/held-reads.ts";
import { killPrograms, startProgram } from "../support/program.ts";
import { sharedTestDatabase } from "../support/test-database.ts";

const FAIL_ON_SIGNAL = new URL("../support/fail-on-signal.mjs", import.meta.url).href;
const USER_ID = "11111111-0000-4000-8000-000000000002";

/** A request waits until the test says so. */
const PATIENT = { STATEMENT_TIMEOUT_MS: "20000", REQUEST_TIMEOUT_MS: "20000" };

const database = await sharedTestDatabase();
const key = newApiKey();
await apiKeyQueries(database).insertApiKey(key, { userId: USER_ID, isAdmin: false, name: "", expiresAt: null });
const taskId = await aTask(database.sql, { user_id: USER_ID });
await someJobs(database.sql, taskId, 1);
afterEach(killPrograms);

const serving = (more: Record<string, string>) =>
  startProgram("dist/main.js", {
    DATABASE_URL: database.url,
    PORT: "0",
    NODE_OPTIONS: `--import=${FAIL_ON_SIGNAL}`,
    ...PATIENT,
    ...more,
  });

function expectLogged(stderr: string, atLevel = 60): void {
  const lines = stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.filter(({ level }) => level === atLevel)).toMatchObject([
    { level: atLevel, err: { type: "Error", code: "XX000" } },
  ]);
  expect(stderr).not.toMatch(/canary|select|Failed query/);
}

/** Sends a request that waits in the database until `finish` is called. */
async function waitingRequest(origin: string) {
  const { countHeld, release, restore } = await holdReadsOf(database.sql, "task_email_jobs");
  const response = fetch(`${origin}/api/v1/tasks/${taskId}/jobs`, { headers: { "X-API-Key": key } });
  await expect.poll(countHeld, { interval: 20 }).toBe(1);
  return {
    async finish(): Promise<number> {
      await release();
      const { status } = await response;
      await restore();
      return status;
    },
  };
}

test("an uncaught exception is logged without its message, and the process stops without losing a request", async () => {
  const program = serving({ UNCAUGHT: "exception" });
  const origin = await program.listening();
  const running = await waitingRequest(origin);

  program.child.kill("SIGUSR2");
  await expect.poll(async () => (await fetch(`${origin}/readyz`)).status, { interval: 20 }).toBe(503);
  expect(await running.finish()).toBe(200);
  const { code, stderr } = await program.ended;
  expect(code).toBe(1);
  expectLogged(stderr);
});

test("an unhandled rejection is logged as an error, and the process keeps serving", async () => {
  const program = serving({ UNCAUGHT: "rejection" });
  const origin = await program.listening();
  const running = await waitingRequest(origin);

  program.child.kill("SIGUSR2");
  await expect.poll(() => program.stderr()).toContain("unhandled rejection");
  expect(await running.finish()).toBe(200);
  expect((await fetch(`${origin}/readyz`)).status).toBe(200);
  const { code, stderr } = await program.stop();
  expect(code).toBe(0);
  expectLogged(stderr, 50);
});

test("an uncaught exception of a worker ends only that worker, which is replaced", async () => {
  const program = serving({ WORKERS: "2", SHUTDOWN_DRAIN_MS: "0", LOG_LEVEL: "error" });
  const origin = await program.listening();
  const workers = () =>
    execFileSync("pgrep", ["-P", String(program.child.pid)], { encoding: "utf8" })
      .trim()
      .split("\n")
      .map(Number);
  const [victim = 0] = workers();
  process.kill(victim, "SIGUSR2");
  await expect.poll(() => program.stderr()).toContain('"code":1');
  await expect.poll(() => workers().filter((pid) => pid !== victim).length).toBe(2);
  expect((await fetch(`${origin}/readyz`)).status).toBe(200);
  const { code, stderr } = await program.stop();
  expect(code).toBe(0);
  expectLogged(stderr);
});
