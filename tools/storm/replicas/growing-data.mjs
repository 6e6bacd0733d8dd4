import postgres from "postgres";
import { applyMigrations } from "#server/db/migrate.js";
import { rowId } from "../../support/row-id.mjs";
import { restEmail } from "../rest-email.mjs";

/**
 * Tasks whose jobs are appended one after another, so that the number of jobs tells which state of the database a response
 * shows. Each append also changes the email record that all jobs of the task share, in the same transaction.
 */
export const TASKS = 4;
export const FIRST_JOBS = 300;
const STATUSES = ["pending", "completed"];

export const userId = rowId("user", { number: 1 });
export const taskId = (task) => rowId("task", { task });
const emailId = (task) => rowId("email", { task });
const jobId = (task, number) => rowId("job", { task, number });
const addressOf = (task, number) => `j${number}.t${task}@storm.example`;
const statusOf = (number) => STATUSES[number % STATUSES.length];
const timeOf = (number) => new Date(Date.UTC(2025, 0, 1) + number * 1000).toISOString().replace(".000Z", "Z");

/** Creates the tables and the tasks in an empty database. */
export async function createGrowingData(url) {
  await applyMigrations(url);
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  await insertGrowingData(sql);
  await sql`vacuum analyze`;
  await sql.end();
}

async function insertGrowingData(sql) {
  for (let task = 1; task <= TASKS; task++) {
    await sql`insert into tasks (id, user_id) values (${taskId(task)}, ${userId})`;
    await sql`insert into emails (id, email, status) values (${emailId(task)}, 'e@storm.example', 'v0')`;
    await sql.begin((transaction) => append(transaction, { task, first: 0, count: FIRST_JOBS }));
  }
}

/** Adds jobs with the numbers that follow, and writes their new number into the email record. */
export async function append(sql, { task, first, count }) {
  const numbers = Array.from({ length: count }, (_, index) => first + index);
  const jobs = numbers.map((number) => ({
    id: jobId(task, number),
    address: addressOf(task, number),
    status: statusOf(number),
    time: timeOf(number),
  }));
  await sql`
    insert into task_email_jobs (id, task_id, email_id, email_address, status, created_at, updated_at)
    select id, ${taskId(task)}, ${emailId(task)}, address, status, time, time
    from jsonb_to_recordset(${sql.json(jobs)}) as _ (id uuid, address text, status job_status, time timestamptz)`;
  await sql`update emails set status = ${`v${first + count}`} where id = ${emailId(task)}`;
}

/** The numbers of the jobs of a page, newest first, of a task with `count` jobs. */
function numbersOf(count, { limit, offset, status = undefined }) {
  const all = Array.from({ length: count }, (_, index) => count - 1 - index);
  return all.filter((number) => status === undefined || statusOf(number) === status).slice(offset, offset + limit);
}

/** The body of a REST page of a task with `count` jobs, whose email record has the status `v${version}`. */
export function restBody(count, version, page) {
  const email = restEmail({ id: emailId(page.task), email: "e@storm.example", status: `v${version}` });
  const jobs = numbersOf(count, page).map((number) => ({
    id: jobId(page.task, number),
    task_id: taskId(page.task),
    email_address: addressOf(page.task, number),
    status: statusOf(number),
    email,
    created_at: timeOf(number),
    updated_at: timeOf(number),
  }));
  const matching = numbersOf(count, { ...page, limit: count, offset: 0 }).length;
  return JSON.stringify({ jobs, count: matching, limit: page.limit, offset: page.offset });
}

export function graphqlData(count, version, page) {
  const jobs = numbersOf(count, page).map((number) => ({
    emailAddress: addressOf(page.task, number),
    email: { status: `v${version}` },
  }));
  return JSON.stringify({ taskJobs: { count, jobs } });
}

/** The addresses and the status of the email record in each line of an export. */
export function exportLines(count, version, { task }) {
  return numbersOf(count, { limit: count, offset: 0 }).map((number) => `${addressOf(task, number)} v${version}`);
}
