import { type SQL, sql } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import type { Viewer } from "../auth/viewer.ts";
import type { OpenDatabase, Sql } from "../db/client.ts";
import { failureOfDatabaseError, isOfSchema } from "../db/faults.ts";
import type { Row } from "../db/prepare-rows.ts";
import { Failure } from "../errors.ts";
import type { JobFilter } from "../job-search/job-filter.ts";
import { countsOf, matching, SELECTED, visibleTasks } from "../job-search/job-search.queries.ts";
import { emailOfJob, jobOfRow } from "../task-jobs/task-job.queries.ts";
import { type Deadline, waitFor } from "../values/deadline.ts";
import type { ExportSlots } from "./export-slots.ts";
import type { ExportedJob } from "./exported-job.ts";

/** A quarter of a megabyte: twice as many are no faster. */
const FETCHED_JOBS = 500;

/**
 * Of the export's transaction alone, whatever the role is set to. A FETCH may walk the whole task for its first match.
 * Between two of them the client reads, for as long as the door allows it (MAX_STALL_MS); past that nobody is there to
 * end the transaction. The page index is walked and each email looked up, so that the first rows come at once: with
 * the statistics of before an import the planner would read all emails for each job. Compiling costs more than it saves.
 */
const SETTINGS = `select pg_backend_pid() as backend, set_config('statement_timeout', '30s', true),
  set_config('idle_in_transaction_session_timeout', '150s', true),
  ${["enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "enable_sort", "jit"]
    .map((name) => `set_config('${name}', 'off', true)`)
    .join(", ")}`;

export type JobExportQueries = ReturnType<typeof jobExportQueries>;
export type JobSnapshot = ReturnType<typeof openSnapshot>;

interface Reader {
  readonly viewer: Viewer;
  /** Ends the export. */
  readonly signal: AbortSignal;
  /** By when it must be known whether the task may be seen. Whoever sits at a command line waits as long as it takes. */
  readonly deadline?: Deadline | undefined;
}

interface Selection {
  readonly taskId: string;
  readonly filter: JobFilter;
}

/** Each export opens its own connection, so that it never holds one of the pool. */
export function jobExportQueries({ open, cancel, isOtherSchema }: OpenDatabase["exports"], slots: ExportSlots) {
  return {
    /** One transaction and hence one snapshot, which ends with `read` and whatever it throws. */
    async readSnapshot<T>(reader: Reader, read: (snapshot: JobSnapshot) => Promise<T>): Promise<T> {
      reader.signal.throwIfAborted();
      const freeSlot = slots.take(reader.viewer);
      const connection = open();
      try {
        const backend = await inTime(reader, begin(connection));
        return await read(openSnapshot(connection, reader, () => cancel(backend)));
      } catch (error) {
        if (isOfSchema(error) && (await isOtherSchema())) throw new Failure("UNAVAILABLE", { cause: error });
        throw failureOfDatabaseError(error);
      } finally {
        await connection.end({ timeout: 0 });
        freeSlot();
      }
    },
  };
}

async function begin(connection: Sql): Promise<number> {
  await connection`begin isolation level repeatable read read only`;
  const [set] = await connection.unsafe(SETTINGS);
  return set?.backend;
}

/** Rejects at the deadline, or when the client disconnects. The caller must end the work itself. */
function inTime<T>({ deadline, signal }: Reader, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    signal.addEventListener("abort", leave);
    if (signal.aborted) leave();
    const limited = deadline === undefined ? work : waitFor(work, deadline);
    limited.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}

/** `cancel` because the driver's own opens a connection whose faults nobody can catch: they end the process. */
function openSnapshot(connection: Sql, reader: Reader, cancel: () => Promise<void>) {
  const { signal } = reader;
  let isUnderWay = false;
  const cancelWhatRuns = () => {
    if (isUnderWay) cancel().catch(() => {});
  };
  signal.addEventListener("abort", cancelWhatRuns);

  async function rowsOf(statement: SQL): Promise<readonly Row[]> {
    signal.throwIfAborted();
    const { sql: text, params } = new PgDialect().sqlToQuery(statement);
    isUnderWay = true;
    try {
      return await connection.unsafe(text, params as never[], { prepare: false }).values();
    } finally {
      isUnderWay = false;
    }
  }

  return {
    async isVisible({ viewer, taskId }: { viewer: Viewer; taskId: string }): Promise<boolean> {
      const looking = rowsOf(sql`select task.id from ${visibleTasks(viewer, [taskId])}`);
      const found = await inTime(reader, looking).catch((error: unknown) => {
        cancelWhatRuns();
        throw error;
      });
      return found.length > 0;
    },

    async countJobs({ taskId, filter }: Selection): Promise<number> {
      const [row] = await rowsOf(countsOf({ taskIds: [taskId], filter }));
      return Number(row?.[0] ?? 0);
    },

    /** Newest first, as a page is; the last batch may be empty. A FETCH is a statement of its own, pauses cost nothing. */
    async *readJobs({ taskId, filter }: Selection): AsyncGenerator<ExportedJob[]> {
      await rowsOf(sql`
        declare exported no scroll cursor for
        select null, null, ${SELECTED}
        from public.task_email_jobs job left join public.emails email on email.id = job.email_id
        where ${matching(sql`job.task_id = ${taskId}`, filter)}
        order by job.created_at desc, job.id desc`);
      const fetch = sql.raw(`fetch ${FETCHED_JOBS} from exported`);
      let rows: readonly Row[];
      do {
        rows = await rowsOf(fetch);
        yield rows.map(exportedJobOf);
      } while (rows.length === FETCHED_JOBS);
    },
  };
}

/** As on a page of REST: an email that cannot be read is left out, and its job stands. */
function exportedJobOf(row: Row): ExportedJob {
  const record = emailOfJob(row)?.record ?? null;
  return { job: jobOfRow(row), email: record instanceof Error ? null : record };
}
