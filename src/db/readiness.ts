import { textArray } from "../values/array-literal.ts";
import { deadlineIn } from "../values/deadline.ts";
import { pluralize } from "../values/pluralize.ts";
import type { OpenDatabase, Sql } from "./client.ts";
import { reasonOf } from "./error-reason.ts";
import { isMissingObject } from "./faults.ts";
import { countPendingMigrations, NEWEST_MIGRATION } from "./migration-journal.ts";

const pendingFault = (newestApplied: number) =>
  `${pluralize(countPendingMigrations(newestApplied), "migration")} pending`;
/** Shorter than the timeouts that are common for probes. */
const READY_TIMEOUT_MS = 1000;

/** The columns that pages, searches and credentials are read from. */
const READ_COLUMNS = {
  tasks: ["id", "user_id", "source", "created_at", "updated_at", "deleted_at"],
  task_email_jobs: ["id", "task_id", "email_id", "email_address", "status", "created_at", "updated_at", "deleted_at"],
  emails: ["id", "email", "status", "domain_name", "validated_at", "unknown_reason", "deleted_at"],
  task_job_totals: ["task_id", "slot", "jobs", "changes"],
  api_keys: ["key_hash", "user_id", "is_admin", "expires_at", "revoked_at"],
} as const;

const NEEDED = Object.entries(READ_COLUMNS).flatMap(([table, columns]) => columns.map((column) => [table, column]));
const NEEDED_TABLES = textArray(NEEDED.map(([table = ""]) => table));
const NEEDED_COLUMNS = textArray(NEEDED.map(([, column = ""]) => column));

/** Reports why the database is not ready, once for each reason, and `null` when it is ready again. */
export function watchReadiness(
  database: OpenDatabase,
  report: (reason: string | null) => void,
): () => Promise<boolean> {
  let last: string | null = null;
  return async () => {
    const reason = await readinessFault(database);
    if (reason !== last) report(reason);
    last = reason;
    return reason === null;
  };
}

/** Returns the reason why no page can be served, or null if the database is ready. A schema of a newer release counts as migrated. */
async function readinessFault({ sql, read }: OpenDatabase): Promise<string | null> {
  try {
    const [found] = await read(deadlineIn(READY_TIMEOUT_MS), () => statement(sql));
    const newest = Number(found?.newest ?? 0);
    if (newest < NEWEST_MIGRATION) return pendingFault(newest);
    if (found?.encoding !== "UTF8") return `the database's encoding is ${found?.encoding}, not UTF8`;
    return found.unreadable === "" ? null : `this role may not read ${found.unreadable}`;
  } catch (error) {
    const { cause = error } = error as { cause?: unknown };
    return isMissingObject(cause) ? pendingFault(0) : reasonOf(error);
  }
}

const statement = (sql: Sql) => sql`
  select current_setting('server_encoding') as encoding,
    (select max(created_at) from public.task_jobs_api_migrations) as newest,
    array_to_string(array(
      select distinct needed.name from unnest(${NEEDED_TABLES}::text[], ${NEEDED_COLUMNS}::text[]) needed (name, col)
      left join pg_namespace schema on schema.nspname = 'public' and has_schema_privilege(schema.oid, 'usage')
      left join pg_class on relnamespace = schema.oid and relname = needed.name
      left join pg_attribute on attrelid = pg_class.oid and attname = needed.col
      where attnum is null or not has_column_privilege(attrelid, attnum, 'select')
    ), ', ') as unreadable`;
