import { type SQL, sql } from "drizzle-orm";
import type { Viewer } from "../auth/viewer.ts";
import { isVisibleTask } from "../auth/visible-task.queries.ts";
import { queryRows } from "../db/reads/prepare-rows.ts";
import type { Pool } from "../db/reads/reads.ts";
import { tablesOf } from "../job-search/job-filter.queries.ts";
import { JOB_COLUMNS, type JobRecord, readJob } from "../job-search/job-record.ts";
import { matching } from "../job-search/job-search.queries.ts";
import { allOf, between, ifGiven } from "../paging/keyset.queries.ts";
import { textArray } from "../values/array-literal.ts";
import type { Deadline } from "../values/deadline.ts";
import type { ChangeList, ChangeState } from "./change-cursor.ts";
import { HORIZON, type Horizon, LATE_COMMIT, readHorizon } from "./watched-task.queries.ts";

/** The filter has been checked. */
export interface ChangeSearch extends ChangeList, Pick<ChangeState, "since" | "after" | "next" | "known"> {
  readonly viewer: Viewer;
  readonly limit: number;
  readonly deadline: Deadline;
}

export interface ChangedJob {
  readonly job: JobRecord;
  /** The transaction that wrote the row, without its epoch. */
  readonly writtenBy: string;
}

export interface FoundChanges {
  readonly changes: readonly ChangedJob[];
  readonly horizon: Horizon;
}

/** Identifies one change of one job. */
export const changeKey = (jobId: string, writtenBy: string) => `${jobId} ${writtenBy}`;

const JOB_START = 4;

export type TaskChangeQueries = ReturnType<typeof taskChangeQueries>;

export function taskChangeQueries(searches: Pool) {
  return {
    /** In the order of `updatedAt`. Null if the task does not exist or this viewer may not see it. */
    async findChanges(search: ChangeSearch): Promise<FoundChanges | null> {
      const { taskId, viewer, filter, after, limit, deadline } = search;
      const updatedAt = { timestamp: sql`job.updated_at`, id: sql`job.id`, isDescending: false };
      const rows = await queryRows(
        searches,
        sql`
          select horizon.xid, horizon.xid_end, horizon.at, job.written_by, ${JOB_COLUMNS.of("job")}
          from (
            select ${HORIZON} from public.tasks task where task.id = ${taskId} and ${isVisibleTask(viewer)}
          ) horizon (xid, xid_end, at)
          left join lateral (
            select job.*, job.xmin::text as written_by from ${tablesOf(filter)}
            where ${allOf([
              matching(sql`job.task_id = ${taskId}`, filter),
              ...between({ after, before: null }, updatedAt),
              ...changedSince(search),
              ...changedInBatch(search),
            ])}
            order by job.updated_at, job.id limit ${limit}
          ) job on true
          order by job.updated_at, job.id`,
        { tasks: [taskId], deadline },
      );
      const [first] = rows;
      if (first === undefined) return null;
      const found = rows.filter((row) => row[JOB_START] !== null);
      return {
        changes: found.map((row) => ({ job: readJob(row, taskId, JOB_START), writtenBy: row[3] as string })),
        horizon: readHorizon(first, 0),
      };
    },
  };
}

function changedSince({ since, known }: ChangeSearch): SQL[] {
  return ifGiven(since, ({ xid, at }) => {
    const isNew =
      known.size === 0 ? sql`true` : sql`job.id || ' ' || job.xmin <> all(${textArray([...known])}::text[])`;
    return sql`${isWrittenFrom(xid, at)} and ${isNew}`;
  });
}

/**
 * The later pages of a batch leave transactions that began after its first page to the next batch. Otherwise such a change
 * could be delivered before one that was already committed when it began, but sorts before the page.
 */
function changedInBatch({ next }: ChangeSearch): SQL[] {
  return ifGiven(next, ({ end, at }) => sql`not ${isWrittenFrom(end, at)}`);
}

/**
 * Whether this transaction or a later one has written the job, whose `updatedAt`, the start of its transaction, may be before the
 * horizon. True for all recent jobs if the new primary after a failover has not yet assigned the transaction ids of the horizon.
 */
function isWrittenFrom(xid: string, at: string): SQL {
  return sql`(job.updated_at > ${at}::timestamptz - ${LATE_COMMIT} and (
    ((job.xmin::text::bigint - ${withoutEpoch(xid)}::bigint) & ${MAX_XID}::bigint) < ${HALF_OF_XIDS}::bigint
    or ${xid}::xid8 > pg_snapshot_xmax(pg_current_snapshot())))`;
}

/** A row has only the lower 32 bits of its transaction, which are compared in a circle as PostgreSQL does. */
const MAX_XID = "4294967295";
const HALF_OF_XIDS = "2147483648";

function withoutEpoch(xid: string): string {
  return String(BigInt(xid) & BigInt(MAX_XID));
}

/** Whether the transaction of a row is this transaction or a later one. */
export function isWrittenSince(writtenBy: string, { xid }: Horizon): boolean {
  const distance = (BigInt(writtenBy) - BigInt(withoutEpoch(xid))) & BigInt(MAX_XID);
  return distance < BigInt(HALF_OF_XIDS);
}
