import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { openDatabase } from "../../src/db/client.ts";
import { deleteTask } from "../../src/deletion/delete-task.ts";
import { aJob, anEmail, aTask, someJobs } from "../support/builders.ts";
import { runProgram } from "../support/program.ts";
import { asSuperuser } from "../support/test-database.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer();
const { sql, database } = server;

const tasks = (...args: string[]) => runProgram("dist/cli/tasks.js", { DATABASE_URL: database.url }, args);

test("tasks are listed, newest first, without addresses and control characters", async () => {
  const userId = randomUUID();
  const older = await aTask(sql, { user_id: userId, source: "a\u001b[31m.csv", created_at: "2025-01-01T00:00:00Z" });
  const newer = await aTask(sql, {
    user_id: userId,
    source: "to ada@example.com.csv",
    created_at: "2025-01-02T00:00:00Z",
  });
  const deleted = await aTask(sql, { user_id: userId, deleted_at: "2025-01-03T00:00:00Z" });
  await someJobs(sql, older, 3);

  const { code, stdout } = await tasks("list", "--user", userId);
  expect(code).toBe(0);
  expect(stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
    ["ID", "USER", "JOBS", "CREATED", "SOURCE"],
    [newer, userId, "0", "2025-01-02T00:00:00Z", "to (address)"],
    [older, userId, "3", "2025-01-01T00:00:00Z", "a\\u{1b}[31m.csv"],
    [""],
  ]);
  expect((await tasks("list", "--user", userId, "--limit", "1")).stdout).not.toContain(older);
  expect((await tasks("list", "--user", userId, "--deleted")).stdout).toContain(`${deleted}  ${userId}  0 `);
  expect(await tasks("list", "--user", randomUUID())).toMatchObject({
    code: 0,
    stdout: "",
    stderr: "There are no tasks.\n",
  });
});

test("a task is shown with its jobs by status, and deleted with the records to which no other job refers", async () => {
  const user = await server.as();
  const [id, other] = [await aTask(sql, { user_id: user.userId }), await aTask(sql)];
  const [own, shared] = [await anEmail(sql), await anEmail(sql)];
  await aJob(sql, { task_id: id, email_id: own, status: "completed" });
  await aJob(sql, { task_id: id, email_id: shared, status: "completed" });
  await aJob(sql, { task_id: id });
  await aJob(sql, { task_id: id, deleted_at: "2025-01-01" });
  await aJob(sql, { task_id: other, email_id: shared, status: "completed" });
  await sql`insert into task_email_jobs (task_id, email_address) select ${id}, n || '@example.com' from generate_series(1, 2500) n`;

  const shown = await tasks("show", id.toUpperCase());
  expect(shown.stdout).toMatch(/jobs +2,503\n +completed +2\n +deleted +1\n +pending +2,501\n/);
  expect((await tasks("delete", id, "--dry-run")).stdout).toContain("with 2,503 jobs. Nothing was deleted.");
  expect((await user.get(`/api/v1/tasks/${id}`)).status).toBe(200);

  const { code, stdout, stderr } = await tasks("delete", id, "--yes");
  expect([code, stdout]).toEqual([0, `2,504 jobs and 1 email record deleted.\nDeleted task ${id}.\n`]);
  expect(JSON.parse(stderr.trim().split("\n").at(-1) ?? "")).toMatchObject({
    audit: "task_deleted",
    taskId: id,
    userId: user.userId,
    jobs: 2504,
    records: 1,
    isComplete: true,
  });
  expect((await user.get(`/api/v1/tasks/${id}`)).status).toBe(404);
  const left = await sql`
    select (select count(*)::int from task_email_jobs where task_id = ${id}) as jobs,
      (select count(*)::int from task_job_totals where task_id = ${id}) as totals,
      (select count(*)::int from emails where id in (${own}, ${shared})) as records,
      (select email_id from task_email_jobs where task_id = ${other}) as kept`;
  expect([...left]).toEqual([{ jobs: 0, totals: 0, records: 1, kept: shared }]);
  expect(await tasks("delete", id, "--yes")).toMatchObject({ code: 1, stderr: `There is no task ${id}.\n` });
});

test("a deletion that fails in the middle leaves no email record that another run would not delete", async () => {
  const id = await aTask(sql);
  const records = await Promise.all(Array.from({ length: 3 }, () => anEmail(sql)));
  for (const email_id of records) await aJob(sql, { task_id: id, email_id, status: "completed" });
  const role = `deleter_${randomUUID().slice(0, 8)}`;
  // The rights that docs/operating.md gives to such a role.
  await sql.unsafe(`
    create role ${role} login password 'deleter'; grant usage on schema public to ${role};
    grant select, update, delete on tasks, emails to ${role}; grant select, delete on task_email_jobs to ${role};
    create function fail() returns trigger language plpgsql as 'begin raise exception ''broken''; end';`);
  const url = Object.assign(new URL(database.url), { username: role, password: "deleter" });
  const opened = openDatabase({ url: String(url), maxConnections: 1 });
  const deleted = { jobs: 0, records: 0 };
  const { signal } = new AbortController();
  const run = () => deleteTask(opened.db, { taskId: id, signal, deleted, onProgress() {}, onWait() {} });
  try {
    for (const table of ["emails", "task_email_jobs", "tasks"]) {
      await sql.unsafe(`create trigger fail before delete on ${table} for each row execute function fail()`);
      await expect(run()).rejects.toThrow();
      await sql.unsafe(`drop trigger fail on ${table}`);
    }
    await run();
    expect(deleted).toEqual({ jobs: 3, records: 3 });
    expect([...(await sql`select id from emails where id in ${sql(records)}`)]).toEqual([]);
    expect([...(await sql`select id from tasks where id = ${id}`)]).toEqual([]);
  } finally {
    await opened.close();
    await sql.unsafe(`drop owned by ${role}`);
    await asSuperuser((admin) => admin.unsafe(`drop role ${role}`));
  }
});

test.each([
  [["remove"], "the first argument must be list, show or delete"],
  [["list", "x"], "list takes only options"],
  [["list", "--user", "x"], "--user must be a UUID"],
  [["list", "--limit", "0"], "--limit must be a whole number from 1 to 1000"],
  [["show"], "show needs the ID of one task"],
  [["show", "x"], "show needs the ID of one task"],
  [["delete", randomUUID()], "add --yes to delete the task"],
  [["delete", randomUUID(), randomUUID()], "delete needs the ID of one task"],
])("%j is refused", async (args, message) => {
  const { code, stderr } = await tasks(...args);
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});
