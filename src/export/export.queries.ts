import { type SQL, sql } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import type { Viewer } from "../auth/viewer.ts";
import type { Sql } from "../db/client.ts";
import { failureOfDatabaseError, isMissingObject } from "../db/faults.ts";
import { POSITION } from "../db/reads/position.queries.ts";
import type { Row } from "../db/reads/prepare-rows.ts";
import type { BeginExportOptions, ExportConnections, NotePosition, Reads } from "../db/reads/reads.ts";
import { EMAIL_COLUMNS, isRepresentable } from "../email/email.queries.ts";
import { Failure } from "../errors.ts";
import { JOBS_WITH_EMAILS } from "../job-search/job-filter.queries.ts";
import type { JobFilter } from "../job-search/job-filter.ts";
import { JOB_COLUMNS, readJob } from "../job-search/job-record.ts";
import { countsOf, matching, visibleTasks } from "../job-search/job-search.queries.ts";
import { type Deadline, waitFor } from "../values/deadline.ts";
import type { ExportSlots } from "./export-slots.ts";
import type { ExportedJob } from "./exported-job.ts";

/** About a quarter of a megabyte. Larger batches are not faster. */
const BATCH_SIZE = 500;
const FETCH = sql.raw(`fetch ${BATCH_SIZE} from exported`);

/**
 * Settings of the export's transaction: one FETCH may scan a whole task, and the idle timeout exceeds the time that the
 * route gives a client that reads nothing. An index scan with an email lookup per job sends the first rows immediately,
 * even if the statistics are outdated after an import.
 */
const SETTINGS = `set_config('statement_timeout', '30s', true),
  set_config('idle_in_transaction_session_timeout', '150s', true),
  ${["enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "enable_sort", "jit"]
    .map((name) => `set_config('${name}', 'off', true)`)
    .join(", ")}`;
const BEGIN = `select pg_backend_pid() as backend, ${SETTINGS}`;
/** This is the first statement of the transaction, so the whole export sees the rows of its snapshot. */
const BEGIN_WITH_POSITION = `select pg_backend_pid() as backend, (select ${POSITION}) as position, ${SETTINGS}`;

export type JobExportQueries = ReturnType<typeof jobExportQueries>;

interface Reader extends Selection {
  readonly viewer: Viewer;
  /** Ends the export. */
  readonly signal: AbortSignal;
  /** The time by which the task must be found. Commands have no deadline. */
  readonly deadline?: Deadline | undefined;
}

interface Selection {
  readonly taskId: string;
  readonly filter: JobFilter;
}

/** Each export opens its own connection, so that it never holds a connection of the pool. */
export function jobExportQueries(exports: Reads["exports"], slots: ExportSlots) {
  return {
    /**
     * Runs `read` in one transaction, which is one snapshot, and then closes the connection. An export that has begun stays
     * at its server, because another server has no such snapshot.
     */
    async readSnapshot<T>(reader: Reader, read: (snapshot: JobSnapshot) => Promise<T>): Promise<T> {
      reader.signal.throwIfAborted();
      const freeSlot = slots.take(reader.viewer);
      let opened: OpenSnapshot | undefined;
      try {
        opened = await exports.begin(reader.deadline, (server, options) => openSnapshot(server, reader, options));
        return await read(opened.snapshot);
      } catch (error) {
        throw await failureOfExport(error, opened?.server);
      } finally {
        await opened?.connection.end({ timeout: 0 });
        freeSlot();
      }
    },
  };
}

interface OpenSnapshot {
  readonly server: ExportConnections;
  readonly connection: Sql;
  readonly snapshot: JobSnapshot;
}

/** A snapshot with the result of the access check, which is made before the export is bound to its server. */
export type JobSnapshot = ReturnType<typeof createSnapshot> & { readonly isVisible: boolean };

async function openSnapshot(
  server: ExportConnections,
  request: Reader,
  { deadline, notePosition, hasFailover = false }: BeginExportOptions,
): Promise<OpenSnapshot> {
  const reader = { ...request, deadline };
  reader.signal.throwIfAborted();
  const connection = server.open();
  try {
    const backend = await waitAsReader(begin(connection, notePosition), reader);
    const snapshot = createSnapshot(connection, reader, () => server.cancel(backend));
    const isVisible = await snapshot.findTask();
    if (isVisible && hasFailover) await snapshot.prefetch(reader);
    return { server, connection, snapshot: Object.assign(snapshot, { isVisible }) };
  } catch (error) {
    await connection.end({ timeout: 0 });
    throw await failureOfExport(error, server);
  }
}

async function failureOfExport(error: unknown, server: ExportConnections | undefined): Promise<unknown> {
  if (isMissingObject(error) && (await server?.isOtherSchema())) return new Failure("UNAVAILABLE", { cause: error });
  return failureOfDatabaseError(error);
}

async function begin(connection: Sql, notePosition: NotePosition | undefined): Promise<number> {
  await connection`begin isolation level repeatable read read only`;
  const [row] = await connection.unsafe(notePosition === undefined ? BEGIN : BEGIN_WITH_POSITION);
  if (row?.position !== undefined) notePosition?.(row.position);
  return row?.backend;
}

function waitAsReader<T>(work: Promise<T>, { deadline, signal }: Reader): Promise<T> {
  return waitFor(work, { ms: deadline?.msLeft, signal });
}

/** The driver's own cancel opens a connection whose errors cannot be caught and end the process, so `cancel` replaces it. */
function createSnapshot(connection: Sql, reader: Reader, cancel: () => Promise<void>) {
  const { signal } = reader;
  let isRunning = false;
  let firstBatch: Promise<readonly Row[]> | undefined;
  const cancelStatement = () => {
    if (isRunning) cancel().catch(() => {});
  };
  signal.addEventListener("abort", cancelStatement);

  async function rowsOf(statement: SQL): Promise<readonly Row[]> {
    signal.throwIfAborted();
    const { sql: text, params } = new PgDialect().sqlToQuery(statement);
    isRunning = true;
    try {
      return await connection.unsafe(text, params as never[], { prepare: false }).values();
    } finally {
      isRunning = false;
    }
  }

  async function fetchFirst({ taskId, filter }: Selection): Promise<readonly Row[]> {
    await rowsOf(sql`
      declare exported no scroll cursor for
      select ${JOB_COLUMNS.of("job")}, ${EMAIL_COLUMNS.of("email")} from ${JOBS_WITH_EMAILS}
      where ${matching(sql`job.task_id = ${taskId}`, filter)}
      order by job.created_at desc, job.id desc`);
    return rowsOf(FETCH);
  }

  return {
    async findTask(): Promise<boolean> {
      const search = rowsOf(sql`select task.id from ${visibleTasks(reader.viewer, [reader.taskId])}`);
      const found = await waitAsReader(search, reader).catch((error: unknown) => {
        cancelStatement();
        throw error;
      });
      return found.length > 0;
    },

    async countJobs({ taskId, filter }: Selection): Promise<number> {
      const [row] = await rowsOf(countsOf({ taskIds: [taskId], filter }));
      return Number(row?.[0] ?? 0);
    },

    /** Reads the first batch while another server can still begin the export again. A slow batch is awaited later. */
    async prefetch(selection: Selection): Promise<void> {
      firstBatch = fetchFirst(selection);
      const isLate = new Failure("TIMEOUT");
      await waitFor(firstBatch, { ms: reader.deadline?.msLeft, timeoutError: () => isLate }).catch((error) => {
        if (error !== isLate) throw error;
      });
    },

    /** Reads batches in the order of a page. Each batch is a statement, so statement_timeout does not include pauses of the client. */
    async *readJobs(selection: Selection): AsyncGenerator<ExportedJob[]> {
      let rows = await (firstBatch ?? fetchFirst(selection));
      for (;;) {
        yield rows.map((row) => readExportedJob(row, selection.taskId));
        if (rows.length < BATCH_SIZE) return;
        rows = await rowsOf(FETCH);
      }
    },
  };
}

/** As on the REST endpoint, an email that cannot be represented is omitted and its job is exported. */
function readExportedJob(row: Row, taskId: string): ExportedJob {
  const job = readJob(row, taskId, 0);
  const hasEmail = row[JOB_COLUMNS.length] !== null;
  const email = hasEmail ? EMAIL_COLUMNS.read(row, JOB_COLUMNS.length) : null;
  return { job, email: email !== null && isRepresentable(email) ? email : null };
}
