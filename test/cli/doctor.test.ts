import { expect, test } from "vitest";
import { aTask, someJobs } from "../support/builders.ts";
import { runProgram } from "../support/program.ts";
import { sharedTestDatabase } from "../support/test-database.ts";

const database = await sharedTestDatabase();

const doctor = (...args: string[]) => runProgram("dist/cli/doctor.js", { DATABASE_URL: database.url }, args);

test("the doctor finds and corrects a total that became wrong while the triggers were disabled", async () => {
  const { sql } = database;
  const [wrongId, rightId] = [await aTask(sql), await aTask(sql)];
  await someJobs(sql, rightId, 2);
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await someJobs(tx as unknown as typeof sql, wrongId, 5);
  });

  const checked = await doctor("--check");
  expect([checked.code, checked.stdout]).toEqual([1, `${wrongId}: the stored total is 0, but the task has 5 jobs\n`]);
  const corrected = await doctor();
  expect([corrected.code, corrected.stdout]).toEqual([
    0,
    `${wrongId}: the stored total is 0, but the task has 5 jobs\nCorrected 1 total.\n`,
  ]);
  await someJobs(sql, wrongId, 1);
  expect((await doctor("--check")).stdout).toBe("Every total is right.\n");
  const [total] = await sql`select sum(jobs)::int as jobs from task_job_totals where task_id = ${wrongId}`;
  expect(total?.jobs).toBe(6);
});

test.each([
  [
    "a server that does not run",
    "postgres://u:secret@127.0.0.1:1/db",
    "PostgreSQL at 127.0.0.1:1/db: ECONNREFUSED 127.0.0.1:1. Is the server running",
  ],
  ["a host that does not exist", "postgres://u:secret@nowhere.invalid/db", "PostgreSQL at nowhere.invalid:5432/db: E"],
])(
  "a command that cannot reach %s names the host, the cause and the remedy, but not the password",
  async (_what, url, message) => {
    for (const MIGRATE of ["on", "off"]) {
      const { code, stdout, stderr } = await runProgram("dist/cli/doctor.js", { DATABASE_URL: url, MIGRATE }, [
        "--check",
      ]);
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toContain(message);
      expect(stderr).not.toContain("secret");
    }
  },
);
