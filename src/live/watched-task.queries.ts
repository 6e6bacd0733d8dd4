import { sql } from "drizzle-orm";
import { prepareRows } from "../db/reads/prepare-rows.ts";
import type { Reads } from "../db/reads/reads.ts";
import { uuidArray } from "../values/array-literal.ts";
import type { Deadline } from "../values/deadline.ts";

/**
 * Everything that a transaction with a smaller id has written is visible in a snapshot with this horizon. A transaction that
 * commits later has this id or a larger one, however early it began.
 */
export interface Horizon {
  /** The oldest transaction that was running, as the decimal digits of a `xid8` of the server that stores the task. */
  readonly xid: string;
  /** The first transaction id that was not assigned yet. A transaction that began later has this id or a larger one. */
  readonly end: string;
  /** The time of the statement, in the text format of PostgreSQL. */
  readonly at: string;
}

/** The values of two looks differ if the task or one of its jobs changed in between. */
export interface TaskState {
  readonly signature: string;
  /** The same over the jobs that were changed after `next`. */
  readonly nextSignature: string;
  readonly horizon: Horizon;
  /** A minute before the statement, in the text format of PostgreSQL. */
  readonly aMinuteAgo: string;
}

interface Look {
  readonly taskIds: readonly string[];
  /** The signature covers jobs that were changed after this time, or within the last minute if it is null. */
  readonly from: string | null;
  readonly next: string | null;
  readonly deadline: Deadline;
}

/**
 * The columns of a horizon. The smallest running transaction id is also right at a standby, where the list of running
 * transactions in a snapshot is empty.
 */
export const HORIZON = sql`pg_snapshot_xmin(pg_current_snapshot())::text, pg_snapshot_xmax(pg_current_snapshot())::text,
  statement_timestamp()`;

export function readHorizon(row: readonly unknown[], start: number): Horizon {
  return { xid: row[start] as string, end: row[start + 1] as string, at: row[start + 2] as string };
}

/** A transaction whose start, which is `now()` in all its statements, is longer ago when it commits may be missed. */
export const LATE_COMMIT = sql`interval '1 minute'`;

const IDS = sql`any(${sql.placeholder("ids")}::uuid[])`;
const A_MINUTE_AGO = sql`(statement_timestamp() - ${LATE_COMMIT})`;
const FROM = sql`coalesce(${sql.placeholder("from")}::timestamptz, ${A_MINUTE_AGO})`;
const NEXT = sql`coalesce(${sql.placeholder("next")}::timestamptz, ${A_MINUTE_AGO})`;

/** `xmin`, the transaction that wrote the row, also shows a change that left `updated_at` as it was. */
const RECENT = sql`concat_ws(' ', count(*), sum(job.xmin::text::bigint), sum(extract(epoch from job.updated_at)))`;
const NEXT_RECENT = sql`concat_ws(' ',
  count(*) filter (where job.updated_at > ${NEXT}),
  sum(job.xmin::text::bigint) filter (where job.updated_at > ${NEXT}),
  sum(extract(epoch from job.updated_at)) filter (where job.updated_at > ${NEXT}))`;

export type WatchedTaskQueries = ReturnType<typeof watchedTaskQueries>;

/**
 * One statement for all watched tasks: triggers give a task new `changes` when a job is added, deleted or restored, and the
 * recent jobs show every other change. All three tables are distributed by the task, so that Citus runs the statement on
 * the workers.
 */
export function watchedTaskQueries(database: Reads) {
  const look = prepareRows(
    database,
    sql`
      select task.id, concat_ws(' ', task.user_id, task.deleted_at, task.xmin, total.changes), recent.signature,
        recent.next_signature, ${HORIZON}, ${A_MINUTE_AGO}
      from public.tasks task
      left join (
        select task_id, sum(changes) as changes from public.task_job_totals where task_id = ${IDS} group by task_id
      ) total on total.task_id = task.id
      left join (
        select job.task_id, ${RECENT} as signature, ${NEXT_RECENT} as next_signature
        from public.task_email_jobs job
        where job.task_id = ${IDS} and job.deleted_at is null and job.updated_at > ${FROM} group by job.task_id
      ) recent on recent.task_id = task.id
      where task.id = ${IDS}`,
  );
  return {
    /** A task that does not exist is absent. */
    async look({ taskIds, from, next, deadline }: Look): Promise<Map<string, TaskState>> {
      const rows = await look({ ids: uuidArray(taskIds), from, next, tasks: taskIds }, deadline);
      return new Map(
        rows.map((row) => [
          row[0] as string,
          {
            signature: `${row[1]} ${row[2]}`,
            nextSignature: `${row[1]} ${row[3]}`,
            horizon: readHorizon(row, 4),
            aMinuteAgo: row[7] as string,
          },
        ]),
      );
    },
  };
}
