import { rowId } from "../../support/row-id.mjs";

/**
 * Tasks whose jobs change; each change has a version, which is part of the address, so that an event tells which version it
 * shows. Each transaction also writes its changes to a table, which therefore has exactly the committed changes, even if
 * the writer has lost its connection during the commit.
 */

/** Task n belongs to user n. The writers of a task are in `startWriters`. */
export const TASKS = [
  { task: 1, jobs: 20 },
  { task: 2, jobs: 30 },
  { task: 3, jobs: 400 },
];
export const STATUSES = ["pending", "processing", "completed", "failed"];
const DONE = ["completed", "failed"];

export const userId = (task) => rowId("user", { task });
export const taskId = (task) => rowId("task", { task });
const jobId = (task, number) => rowId("job", { task, number });
const addressOf = ({ task, job, version }) => `j${job}.v${version}.t${task}@storm.example`;

/** The change that a delivered job shows, or null if the job contradicts itself. */
export function changeOfJob({ id, taskId: ofTask, emailAddress, status }) {
  const found = /^j(\d+)\.v(\d+)\.t(\d+)@storm\.example$/.exec(emailAddress);
  if (found === null) return null;
  const [job, version, task] = found.slice(1).map(Number);
  if (id !== jobId(task, job) || ofTask !== taskId(task)) return null;
  return { task, job, version, status: status.toLowerCase() };
}

/** The status of a version. No task is complete before the end, because the first job of each stays pending. */
export function statusOf(job, version, isEnd = false) {
  if (isEnd) return DONE[job % DONE.length];
  return job === 0 ? "pending" : STATUSES[(job + version) % STATUSES.length];
}

export async function insertWatchedData(sql) {
  await sql`create table storm_changes (
    task int, job int, version int, chain text, position int, status text, is_deleted boolean)`;
  for (const { task, jobs } of TASKS) {
    await sql`insert into tasks (id, user_id) values (${taskId(task)}, ${userId(task)})`;
    const changes = Array.from({ length: jobs }, (_, job) => ({
      ...{ task, job, version: 0, chain: "fill", position: 0, kind: "insert", status: statusOf(job, 0) },
    }));
    await sql.begin((transaction) => writeChanges(transaction, changes));
  }
  await sql`analyze`;
}

const SELECTED = `select * from jsonb_to_recordset($1) as change (id uuid, task_id uuid, address text, task int, job int,
  version int, chain text, position int, status text, kind text)`;
const STATEMENTS = {
  insert: `insert into task_email_jobs (id, task_id, email_address, status)
    select id, task_id, address, status::job_status from change
    on conflict (id) do update set email_address = excluded.email_address, status = excluded.status, updated_at = now()`,
  update: `update task_email_jobs job set email_address = change.address, status = change.status::job_status,
    updated_at = now(), deleted_at = null from change where job.id = change.id`,
  delete: `update task_email_jobs job set email_address = change.address, updated_at = now(), deleted_at = now()
    from change where job.id = change.id`,
  remove: "delete from task_email_jobs job using change where job.id = change.id",
};

/** Writes changes of the same kind within a transaction: "insert", "update" (which also restores), "delete" or "remove". */
export async function writeChanges(transaction, changes) {
  const rows = changes.map((change) => ({
    ...change,
    ...{ id: jobId(change.task, change.job), task_id: taskId(change.task), address: addressOf(change) },
  }));
  await transaction.unsafe(
    `with change as (${SELECTED}), written as (${STATEMENTS[changes[0].kind]})
      insert into storm_changes
      select task, job, version, chain, position, status, kind in ('delete', 'remove') from change`,
    [transaction.json(rows)],
  );
}

/** All committed changes, and the counts of each task as its progress must show them. */
export async function readTruth(sql) {
  const changes = await sql`select *, is_deleted as "isDeleted" from storm_changes`;
  const rows = await sql`
    select task_id, status, count(*)::int as jobs from task_email_jobs where deleted_at is null group by 1, 2`;
  const counts = new Map(
    TASKS.map(({ task }) => {
      const jobsOf = (status) => rows.find((row) => row.task_id === taskId(task) && row.status === status)?.jobs ?? 0;
      const byStatus = Object.fromEntries(STATUSES.map((status) => [status, jobsOf(status)]));
      return [task, { total: STATUSES.reduce((sum, status) => sum + byStatus[status], 0), ...byStatus }];
    }),
  );
  return { changes, counts };
}
