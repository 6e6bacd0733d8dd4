import { randomUUID } from "node:crypto";
import type { Sql } from "../../src/db/client.ts";

/** A viewer who may read all tasks. */
export const ADMIN = { userId: "00000000-0000-4000-8000-00000000000a", isAdmin: true };

type Columns = Readonly<Record<string, unknown>>;

/** Inserts a valid task. A test sets only the columns that it is about, by their names in the database. */
export async function aTask(sql: Sql, columns: Columns = {}): Promise<string> {
  const row = { id: randomUUID(), user_id: randomUUID(), ...columns };
  await sql`insert into tasks ${sql(row)}`;
  return row.id;
}

export async function anEmail(sql: Sql, columns: Columns = {}): Promise<string> {
  const row = { id: randomUUID(), email: "ada@example.com", status: "valid", ...columns };
  await sql`insert into emails ${sql(row)}`;
  return row.id;
}

export async function aJob(sql: Sql, columns: Columns & { task_id: string }): Promise<string> {
  const row = { id: randomUUID(), email_address: "ada@example.com", status: "pending", ...columns };
  await sql`insert into task_email_jobs ${sql(row)}`;
  return row.id;
}

/** Inserts tasks of different users with pending jobs, as the other rows of a large table. */
export async function manyTasks(sql: Sql, { tasks, jobsOfEach }: { tasks: number; jobsOfEach: number }): Promise<void> {
  await sql`
    with task as (insert into tasks (user_id) select gen_random_uuid() from generate_series(1, ${tasks}) returning id)
    insert into task_email_jobs (task_id, email_address, status)
    select id, 'u@example.com', 'pending' from task, generate_series(1, ${jobsOfEach})`;
}

/** Inserts `count` completed jobs with the same `created_at`, each with an email record. */
export async function someJobs(sql: Sql, taskId: string, count: number): Promise<void> {
  await someJobsCreatedAt(sql, taskId, { count, createdAt: "2025-01-01T12:00:00Z" });
}

interface JobsCreatedAt {
  readonly count: number;
  readonly createdAt: string;
}

export async function someJobsCreatedAt(sql: Sql, taskId: string, { count, createdAt }: JobsCreatedAt): Promise<void> {
  await sql`
    with record as (
      insert into emails (email, status)
      select 'user' || n || '@example.com', 'valid' from generate_series(1, ${count}) n
      returning id, email
    )
    insert into task_email_jobs (task_id, email_id, email_address, status, created_at)
    select ${taskId}, id, email, 'completed', ${createdAt}::timestamptz from record`;
}

/** Drops the constraints on timestamps, so that a test can insert timestamps from before these constraints. */
export async function allowAnyTimestamp(sql: Sql): Promise<void> {
  for (const table of ["tasks", "task_email_jobs", "emails"]) {
    await sql`alter table ${sql(table)} drop constraint ${sql(`${table}_timestamps_are_rfc3339`)}`;
  }
}

/** Drops the triggers on the length of texts, so that a test can insert rows from before these triggers. */
export async function allowAnyTextLength(sql: Sql): Promise<void> {
  for (const table of ["tasks", "task_email_jobs", "emails"]) {
    for (const event of ["insert", "update"]) {
      await sql`drop trigger if exists ${sql(`${table}_texts_are_short_on_${event}`)} on ${sql(table)}`;
    }
  }
}
