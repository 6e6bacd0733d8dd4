import { afterAll, beforeAll, expect, test } from "vitest";
import { applyMigrations } from "../../src/db/migrate.ts";
import { aJob, anEmail, aTask } from "../support/builders.ts";
import { createOldDatabase } from "../support/old-database.ts";

const LONGEST = "x".repeat(4096);
const LONG = `${LONGEST}x`;

let database: Awaited<ReturnType<typeof createOldDatabase>>;
const old = { taskId: "", jobId: "", emailId: "" };

beforeAll(async () => {
  database = await createOldDatabase(4);
  const { sql } = database;
  old.taskId = await aTask(sql, { source: LONG });
  old.emailId = await anEmail(sql, { unknown_reason: LONG });
  old.jobId = await aJob(sql, { task_id: old.taskId, email_id: old.emailId, email_address: LONG });
  await applyMigrations(database.url);
});
afterAll(() => database.close());

const isRefused = (table: string, event: string) => ({
  code: "23514",
  constraint_name: `${table}_texts_are_short_on_${event}`,
});

test("the migration keeps long texts, and a worker can update every other column of their rows", async () => {
  const { sql } = database;
  await sql`update tasks set updated_at = now(), source = source`;
  await sql`update task_email_jobs set status = 'completed', email_address = email_address`;
  await sql`update emails set status = 'valid', is_catchall = true, unknown_reason = unknown_reason`;
  const [row] = await sql`
    select length(source) as source, length(email_address) as address, length(unknown_reason) as reason, is_catchall
    from tasks, task_email_jobs, emails`;
  expect(row).toEqual({ source: 4097, address: 4097, reason: 4097, is_catchall: true });
});

test("the database refuses new rows with more than 4,096 bytes of text", async () => {
  const { sql } = database;
  await expect(aTask(sql, { source: LONG })).rejects.toMatchObject(isRefused("tasks", "insert"));
  await expect(aJob(sql, { task_id: old.taskId, email_address: LONG })).rejects.toMatchObject(
    isRefused("task_email_jobs", "insert"),
  );
  for (const column of ["email", "status", "domain_name", "host_name", "server_type", "unknown_reason"]) {
    await expect(anEmail(sql, { [column]: LONG })).rejects.toMatchObject(isRefused("emails", "insert"));
  }
  await expect(anEmail(sql, { domain_name: "x".repeat(2048), host_name: "x".repeat(2048) })).rejects.toMatchObject(
    isRefused("emails", "insert"),
  );
  await expect(aTask(sql, { source: "€".repeat(1366) })).rejects.toMatchObject(isRefused("tasks", "insert"));
});

test("the database refuses an update that writes another long text", async () => {
  const { sql } = database;
  const LONGER = `${LONG}y`;
  await expect(sql`update tasks set source = ${LONGER}`).rejects.toMatchObject(isRefused("tasks", "update"));
  await expect(sql`update task_email_jobs set email_address = ${LONGER}`).rejects.toMatchObject(
    isRefused("task_email_jobs", "update"),
  );
  await expect(sql`update emails set host_name = ${LONGER}`).rejects.toMatchObject(isRefused("emails", "update"));
});

test("the database accepts texts of 4,096 bytes", async () => {
  const { sql } = database;
  const taskId = await aTask(sql, { source: LONGEST });
  await aJob(sql, { task_id: taskId, email_address: LONGEST });
  await anEmail(sql, { email: "a@b.c", status: "valid", host_name: LONGEST.slice(10) });
  await sql`update tasks set source = 'csv' where id = ${old.taskId}`;
  const [stored] = await sql`
    select task.source, job.email_address, host_name from tasks task
    join task_email_jobs job on task_id = task.id, emails where task.id = ${taskId} and email = 'a@b.c'`;
  expect(stored).toEqual({ source: LONGEST, email_address: LONGEST, host_name: LONGEST.slice(10) });
});
