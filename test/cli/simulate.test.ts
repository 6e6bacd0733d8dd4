import { randomUUID } from "node:crypto";
import { readdirSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { findWrongTotals } from "../../src/job-search/job-totals.queries.ts";
import { aJob, aTask } from "../support/builders.ts";
import { killPrograms, MAIN, requireBuild, runProgram, startProgram } from "../support/program.ts";
import { sharedTestServer } from "../support/test-server.ts";

requireBuild();
const server = await sharedTestServer();
const { sql } = server;
const owner = await server.as();
afterEach(killPrograms);

interface ExportedJob {
  readonly job_id: string;
  readonly job_status: string;
  readonly status: string | null;
  readonly id: string | null;
}

const PROGRAM = "dist/cli/simulate.js";
const environment = { DATABASE_URL: server.database.url };
const simulate = (...args: string[]) => runProgram(PROGRAM, environment, args);

async function aPendingTask(jobs: number): Promise<string> {
  const taskId = await aTask(sql, { user_id: owner.userId });
  await sql`
    insert into task_email_jobs (task_id, email_address)
    select ${taskId}, 'user' || n || '@example.com' from generate_series(1, ${jobs}) n`;
  return taskId;
}

type Statuses = Record<"pending" | "processing" | "completed" | "failed", number>;

async function statusesOf(taskId: string): Promise<Statuses> {
  const rows = await sql<{ status: keyof Statuses; jobs: number }[]>`
    select status, count(*)::int as jobs from task_email_jobs where task_id = ${taskId} and deleted_at is null group by status`;
  const counts = Object.fromEntries(rows.map(({ status, jobs }) => [status, jobs]));
  return { pending: 0, processing: 0, completed: 0, failed: 0, ...counts };
}

/** The statuses that the REST API shows, which may be a second old. */
async function shownStatusesOf(taskId: string): Promise<Statuses> {
  const { metrics } = (await (await owner.get(`/api/v1/tasks/${taskId}`)).json()) as {
    metrics: { job_status: Statuses };
  };
  return metrics.job_status;
}

test("the verifier completes or fails every job of the task at the given rate and changes no other job", async () => {
  const taskId = await aPendingTask(39);
  const others = await aPendingTask(2);
  await aJob(sql, { task_id: taskId, status: "processing", updated_at: "2025-01-01T00:00:00Z" });
  await aJob(sql, { task_id: taskId, status: "pending", deleted_at: "2025-01-01T00:00:00Z" });
  const program = startProgram(PROGRAM, environment, [taskId, "--yes", "--rate", "40/s"]);
  const isAtWork = { processing: expect.toSatisfy((n) => n > 5) };
  await expect.poll(() => statusesOf(taskId), { interval: 20 }).toMatchObject(isAtWork);
  // The verifier stands still until the statuses are shown, however long this machine takes.
  program.child.kill("SIGSTOP");
  await expect.poll(() => shownStatusesOf(taskId)).toMatchObject(isAtWork);
  program.child.kill("SIGCONT");
  const { code, stdout, stderr } = await program.ended;

  expect(code).toBe(0);
  // A second for the 39 jobs after the first one, and a second in processing.
  const seconds = Number(/^seconds +(\S+)$/m.exec(stdout)?.[1]);
  expect([seconds > 1.8, seconds < 8]).toEqual([true, true]);
  const { completed, failed } = await statusesOf(taskId);
  expect(await statusesOf(taskId)).toEqual({ pending: 0, processing: 0, completed: 40 - failed, failed });
  expect(stdout).toMatch(
    new RegExp(
      `^completed +${completed}\\nfailed +${failed}\\nseconds +\\d+\\.\\d\\ntask +${taskId}\\nread it at +GET /api/v1/tasks/${taskId}\\n$`,
    ),
  );
  expect(stderr).toMatch(new RegExp(`^Verifying 40 jobs of task ${taskId} at 40/s: 2 seconds\\.\\n`));
  expect(stderr).toMatch(/\nverifying: 40 jobs, 100 %\n$/);
  const [found] = await sql`
    select count(*) filter (where status = 'completed' and email_id is null or status = 'failed' and email_id is not null)::int
      as wrong_records, count(*) filter (where status = 'pending')::int as deleted_jobs
    from task_email_jobs where task_id = ${taskId}`;
  expect(found).toEqual({ wrong_records: 0, deleted_jobs: 1 });
  expect(await statusesOf(others)).toMatchObject({ pending: 2 });
  expect(await findWrongTotals(server.database.db)).toEqual([]);

  const again = await simulate(taskId, "--yes");
  expect([again.code, again.stdout, again.stderr]).toEqual([0, `No job of task ${taskId} is pending.\n`, ""]);
});

test("Ctrl-C stops the verifier, which leaves no job in processing, and a second run continues", async () => {
  const taskId = await aPendingTask(400);
  const program = startProgram(PROGRAM, environment, [taskId, "--yes", "--rate", "100/s"]);
  await expect.poll(() => statusesOf(taskId)).toMatchObject({ completed: expect.toSatisfy((n) => n > 5) });
  const { code, stderr } = await program.stop("SIGINT");
  expect([code, stderr]).toEqual([130, expect.stringContaining("\nStopped. To continue, run the command again.\n")]);
  const stopped = await statusesOf(taskId);
  expect([stopped.processing, stopped.pending > 0]).toEqual([0, true]);

  const second = await simulate(taskId, "--yes", "--rate", "1000/s");
  expect([second.code, second.stderr]).toEqual([0, expect.stringContaining(`Verifying ${stopped.pending} jobs of`)]);
  const { completed, failed } = await statusesOf(taskId);
  expect(completed + failed).toBe(400);
});

test("the verifier works on the sample until the server stops, and again after --restart with the same results", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "task-jobs-simulate-"));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const demo = (...args: string[]) => runProgram(PROGRAM, { DATA_DIR: dataDir }, args);
  expect(await demo()).toEqual({
    code: 1,
    stdout: "",
    stderr: "There is no sample yet: run npm start, which creates it, or name a TASK.\n",
  });
  expect(readdirSync(dataDir)).toEqual([]);

  const program = startProgram(MAIN, { DATA_DIR: dataDir, PORT: "0" });
  const origin = await program.listening();
  const { taskId, userKey } = JSON.parse(await readFile(join(dataDir, "demo.json"), "utf8"));
  const readJobs = async (filter: string): Promise<ExportedJob[]> => {
    const url = `${origin}/api/v1/tasks/${taskId}/jobs/export?fields=job_id,job_status,status,id&${filter}`;
    const text = await (await fetch(url, { headers: { "X-API-Key": userKey } })).text();
    return text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  };
  const startedAt = new Date().toISOString();
  const first = await demo("--rate", "1000/s");
  expect([first.code, first.stderr]).toEqual([0, expect.stringContaining("Verifying 140 jobs of task")]);
  expect(first.stdout).toContain("run: npm run simulate -- --restart\n");
  const verified = await readJobs(`updated_from=${startedAt}`);
  expect(verified).toHaveLength(140);

  const second = await demo("--restart", "--rate", "1000/s");
  expect([second.code, second.stderr]).toEqual([0, expect.stringContaining("Verifying 2,000 jobs of task")]);
  expect(first.stdout + first.stderr + second.stdout + second.stderr).not.toContain("@");
  const jobs = await readJobs("status=completed&status=failed");
  expect(jobs).toHaveLength(2000);
  const byId = new Map(jobs.map((job) => [job.job_id, job]));
  expect(verified.map((job) => byId.get(job.job_id))).toEqual(verified);

  const other = await demo(randomUUID(), "--restart");
  expect([other.code, other.stderr]).toEqual([2, expect.stringContaining("only on the sample")]);

  const interrupted = startProgram(PROGRAM, { DATA_DIR: dataDir }, ["--restart", "--rate", "1/s"]);
  await expect.poll(interrupted.stderr).toContain("Verifying");
  expect((await program.stop()).stdout).not.toMatch(/"level":[456]0/);
  const { code, stderr } = await interrupted.ended;
  expect([code, stderr]).toEqual([1, expect.stringContaining("was stopped together with the server that ran it")]);
});

describe("refusals", () => {
  const task = "0e6f1a52-7a4e-4d3e-9a5c-0d9d6a7b8c9d";

  test.each([
    [[], "TASK is required with DATABASE_URL"],
    [[task], "the results are made up: add --yes"],
    [["7", "--yes"], "TASK must be the UUID of a task"],
    [[task, task, "--yes"], "only one TASK"],
    [[task, "--yes", "--rate", "1001/s"], "--rate must be"],
    [[task, "--yes", "--restart"], "--restart discards results"],
    [[task, "--yes", "--color", "red"], "Unknown option"],
  ])("the verifier exits with code 2 and an error that names --help for the arguments %j", async (args, message) => {
    const { code, stdout, stderr } = await simulate(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/\nFor help, run: npm run simulate -- --help\n$/);
  });

  test("the verifier changes no job in production or without --yes", async () => {
    const taskId = await aPendingTask(2);
    const inProduction = await runProgram(PROGRAM, { ...environment, NODE_ENV: "production" }, [taskId, "--yes"]);
    expect([inProduction.code, inProduction.stderr]).toEqual([
      1,
      "The results are made up, so the command does not run with NODE_ENV=production.\n",
    ]);
    const { stderr } = await simulate(taskId);
    expect(stderr).toContain(`to task ${taskId} in PostgreSQL at `);
    expect(stderr).not.toContain(new URL(server.database.url).password || "postgres:");
    expect(await statusesOf(taskId)).toMatchObject({ pending: 2 });
  });

  test("the verifier names a missing or deleted task in its error", async () => {
    const deleted = await aTask(sql, { deleted_at: "2025-01-01T00:00:00Z" });
    for (const taskId of [task, deleted]) {
      const { code, stderr } = await simulate(taskId, "--yes");
      expect([code, stderr]).toEqual([1, `There is no task ${taskId}.\n`]);
    }
  });

  test("the verifier prints its help, and exits with code 0", async () => {
    expect(await simulate("--help")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage:\n {2}npm run simulate /),
    });
  });
});
