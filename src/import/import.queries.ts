import { once } from "node:events";
import type { Writable } from "node:stream";
import type postgres from "postgres";
import { COLUMN_NAMES } from "./result-row.ts";

const RECORD_COLUMNS = [
  "email",
  "status",
  "is_role_based",
  "is_disposable",
  "has_mx_records",
  "has_reverse_dns",
  "domain_name",
  "host_name",
  "server_type",
  "is_catchall",
  "validated_at",
  "unknown_reason",
  "needs_physical_verify",
] as const;

type Transaction = postgres.TransactionSql;

/** Why the database refuses a row that is fine by itself. */
export type IdFault = "repeated" | "taken";

export interface LineRange {
  first: number;
  /** Not part of the range. */
  end: number;
}

/**
 * Overrides the role's statement_timeout, which is meant for requests and too short for an import, and the role's
 * search_path, which may name other tables first.
 */
export async function setUpTransaction(tx: Transaction): Promise<void> {
  await tx`
    select set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),
      set_config('search_path', 'pg_catalog, pg_temp, public', true)`;
}

/** Null when there is a task with this id already. */
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

export async function createStagingTable(tx: Transaction): Promise<void> {
  await tx`
    create temporary table import_rows (
      line int not null,
      raw text,
      has_own_id boolean not null,
      id uuid,
      email text not null,
      status text,
      is_role_based boolean not null,
      is_disposable boolean not null,
      has_mx_records boolean not null,
      has_reverse_dns boolean not null,
      domain_name text,
      host_name text,
      server_type text,
      is_catchall boolean not null,
      validated_at timestamptz,
      unknown_reason text,
      needs_physical_verify boolean not null,
      email_address text,
      job_status job_status not null,
      job_created_at timestamptz,
      job_updated_at timestamptz,
      is_repeat boolean not null default false,
      id_fault text
    ) on commit drop`;
}

export interface StagingCopy {
  /** Resolves when the server's socket took it. */
  write(lines: Buffer): Promise<void>;
  end(): Promise<void>;
  abort(): Promise<void>;
}

/** Takes lines of COPY's text format: line, raw, has_own_id, then the columns of a result row in their order. */
export async function copyIntoStaging(tx: Transaction): Promise<StagingCopy> {
  const columns = ["line", "raw", "has_own_id", ...COLUMN_NAMES].join(", ");
  const stream: Writable = await tx.unsafe(`copy import_rows (${columns}) from stdin`).writable();
  // A stream without a listener takes the process down; what happened reaches the caller through write or end.
  stream.on("error", () => {});
  return {
    write: (lines) =>
      new Promise((resolve, reject) => {
        stream.write(lines, (error) => (error ? reject(stream.errored ?? error) : resolve()));
      }),
    async end() {
      if (stream.errored) throw stream.errored;
      const finished = once(stream, "finish");
      stream.end();
      // postgres.js drops an error that comes after the last line was sent, and the stream would never finish. A query
      // behind it is answered in either case.
      await new Promise(setImmediate);
      await Promise.race([finished, tx`select 1`]);
    },
    async abort() {
      stream.destroy(new Error("the import was stopped"));
      // Until then the connection refuses the rollback.
      if (!stream.closed) await once(stream, "close");
    },
  };
}

export async function prepareStaging(tx: Transaction): Promise<void> {
  await tx`create index on import_rows (line)`;
  await tx`analyze import_rows`;
}

/**
 * Several jobs may have the same record: a row that repeats it is marked so, one that contradicts the first of its id as
 * a fault. Returns the first line with a fault.
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

/** All of a record but its id. */
function recordOf(tx: Transaction, table: string) {
  return tx.unsafe(`(${RECORD_COLUMNS.map((column) => `${table}.${column}`).join(", ")})`);
}

/** A row whose own id is in `emails` already leaves that record as it is. */
export async function insertEmails(tx: Transaction, lines: LineRange): Promise<{ inserted: number; existed: number }> {
  const [counts] = await tx<{ inserted: number; existed: number }[]>`
    with batch as (
      select id, email, status, is_role_based, is_disposable, has_mx_records, has_reverse_dns, domain_name,
        host_name, server_type, is_catchall, validated_at, unknown_reason, needs_physical_verify
      from import_rows
      where line >= ${lines.first} and line < ${lines.end} and status is not null and id_fault is null and not is_repeat
      order by line
    ), inserted as (
      insert into emails (id, email, status, is_role_based, is_disposable, has_mx_records, has_reverse_dns, domain_name,
        host_name, server_type, is_catchall, validated_at, unknown_reason, needs_physical_verify)
      select * from batch
      on conflict (id) do nothing
      returning 1
    )
    select inserted, attempted - inserted as existed
    from (select (select count(*)::int from batch) as attempted, (select count(*)::int from inserted) as inserted) counted`;
  return counts ?? { inserted: 0, existed: 0 };
}

/**
 * To run after insertEmails, which waits for another import of the same ids: only then what they hold is settled.
 * Returns how many records it marked.
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

export async function insertJobs(tx: Transaction, taskId: string, lines: LineRange): Promise<number> {
  const inserted = await tx`
    insert into task_email_jobs (task_id, email_id, email_address, status, created_at, updated_at)
    select ${taskId}, id, coalesce(email_address, email), job_status, coalesce(job_created_at, now()), coalesce(job_updated_at, now())
    from import_rows
    where line >= ${lines.first} and line < ${lines.end} and id_fault is null
    order by line`;
  return inserted.count;
}
