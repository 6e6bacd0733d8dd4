import type postgres from "postgres";
import { RECORD_COLUMN_NAMES } from "./result-row.ts";

type Transaction = postgres.TransactionSql;

/** Why a row cannot be stored although its cells are valid. */
export type IdFault = "repeated" | "taken";

export interface LineRange {
  first: number;
  /** The first line after the range. */
  end: number;
}

/**
 * Overrides the timeouts of the role, which are meant for requests and too short for an import, and its search_path, which
 * may find other tables first.
 */
export async function setUpTransaction(tx: Transaction): Promise<void> {
  await tx`
    select set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),
      set_config('search_path', 'pg_catalog, pg_temp, public', true)`;
}

/** Returns null if a task with this id already exists. */
export async function insertTask(
  tx: Transaction,
  task: { id: string | null; userId: string | null; source: string },
): Promise<string | null> {
  const [inserted] = await tx<{ id: string }[]>`
    insert into tasks (id, user_id, source)
    values (coalesce(${task.id}::uuid, gen_random_uuid()), ${task.userId}, ${task.source})
    on conflict (id) do nothing
    returning id`;
  return inserted?.id ?? null;
}

/**
 * Marks rows that repeat the id of an email record, which several jobs may share: the same content as a repeat, different
 * content as a fault. Returns the first line with a fault.
 */
export async function markRepeatedIds(tx: Transaction): Promise<number | null> {
  const [marked] = await tx<{ line: number | null }[]>`
    with numbered as (
      select line, first_value(line) over (partition by id order by line) as first_line
      from import_rows where has_own_id
    ), marked as (
      update import_rows later set is_repeat = true,
        id_fault = case when ${recordOf(tx, "later")} is distinct from ${recordOf(tx, "earlier")} then 'repeated' end
      from numbered join import_rows earlier on earlier.line = numbered.first_line
      where later.line = numbered.line and numbered.line > numbered.first_line
      returning later.line, later.id_fault
    )
    select min(line) as line from marked where id_fault is not null`;
  return marked?.line ?? null;
}

/** The columns of an email record without its id, as one row value. */
function recordOf(tx: Transaction, table: string) {
  const columns = RECORD_COLUMN_NAMES.filter((column) => column !== "id");
  return tx.unsafe(`(${columns.map((column) => `${table}.${column}`).join(", ")})`);
}

/** Inserts the email records of these lines. Records whose id already exists stay unchanged. */
export async function insertEmails(tx: Transaction, lines: LineRange): Promise<{ inserted: number; existed: number }> {
  const columns = tx.unsafe(RECORD_COLUMN_NAMES.join(", "));
  const [counts] = await tx<{ inserted: number; existed: number }[]>`
    with batch as (
      select ${columns} from import_rows
      where line >= ${lines.first} and line < ${lines.end} and status is not null and id_fault is null and not is_repeat
      order by line
    ), inserted as (
      insert into emails (${columns}) select * from batch
      on conflict (id) do nothing
      returning 1
    )
    select inserted, attempted - inserted as existed
    from (select (select count(*)::int from batch) as attempted, (select count(*)::int from inserted) as inserted) counted`;
  return counts ?? { inserted: 0, existed: 0 };
}

/**
 * Marks the rows whose id belongs to a different record in the database, and returns the number of these records. Call it
 * after insertEmails, which waits for concurrent imports of the same ids.
 */
export async function markTakenIds(tx: Transaction, lines: LineRange): Promise<number> {
  const marked = await tx<{ is_repeat: boolean }[]>`
    update import_rows set id_fault = 'taken'
    from emails
    where import_rows.line >= ${lines.first} and import_rows.line < ${lines.end}
      and import_rows.has_own_id and import_rows.id_fault is null and emails.id = import_rows.id
      and (emails.deleted_at is not null or
        ${recordOf(tx, "emails")} is distinct from ${recordOf(tx, "import_rows")})
    returning import_rows.is_repeat`;
  return marked.filter((row) => !row.is_repeat).length;
}

export async function findIdFaults(tx: Transaction, lines: LineRange) {
  return await tx<{ line: number; raw: string | null; fault: IdFault }[]>`
    select line, raw, id_fault as fault from import_rows
    where line >= ${lines.first} and line < ${lines.end} and id_fault is not null
    order by line`;
}

/** Inserts the jobs in the order of the indexes, so that each page of an index is changed once for several jobs. */
export async function insertJobs(tx: Transaction, taskId: string, lines: LineRange): Promise<number> {
  const inserted = await tx`
    insert into task_email_jobs (id, task_id, email_id, email_address, status, created_at, updated_at)
    select gen_random_uuid() as job_id, ${taskId}, id, coalesce(email_address, email), job_status,
      coalesce(job_created_at, now()) as created_at, coalesce(job_updated_at, now())
    from import_rows
    where line >= ${lines.first} and line < ${lines.end} and id_fault is null
    order by created_at, job_id`;
  return inserted.count;
}
