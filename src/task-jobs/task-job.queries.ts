import { sql } from "drizzle-orm";
import type { Viewer } from "../auth/viewer.ts";
import { isVisibleTask, VIEWER_PLACEHOLDERS } from "../auth/visible-task.queries.ts";
import { prepareRows } from "../db/reads/prepare-rows.ts";
import type { Pool } from "../db/reads/reads.ts";
import { type FoundJobs, JOB_COLUMNS, readJob, type SelectedParts } from "../job-search/job-record.ts";
import type { Page } from "../paging/page.ts";
import type { Deadline } from "../values/deadline.ts";
import { deepPageQueries } from "./deep-page.queries.ts";

const value = sql.placeholder;

/**
 * Each sub-select compares `task_id` with the value and not with a column of another table, because Citus finds the shard
 * of the task only by the value.
 */
const isOfTask = sql`task_id = ${value("taskId")}`;

/** The task with the number of its jobs and the version of their list. Both are null if no trigger counted the jobs. */
const VISIBLE_TASK = sql`(
  select task.id, total.jobs, total.version
  from public.tasks task, lateral (
    select sum(jobs) as jobs, sum(changes) || '.' || max(slot) as version
    from public.task_job_totals where ${isOfTask}
  ) total
  where task.id = ${value("taskId")} and ${isVisibleTask(VIEWER_PLACEHOLDERS)}
) task`;

/** A page past the last job reads no job, so that a huge offset costs nothing. */
const LIMIT = sql`case when ${value("offset")}::int > 0 and ${value("offset")}::int >= task.jobs then 0 else ${value("limit")}::int end`;

/** One statement, so that the count and the jobs come from one snapshot. */
const PAGE = sql`
  select task.jobs, task.version, job.*
  from ${VISIBLE_TASK} left join lateral (
    select ${JOB_COLUMNS.sql} from public.task_email_jobs
    where ${isOfTask} and deleted_at is null
    order by created_at desc, id desc
    limit ${LIMIT} offset ${value("offset")}::int
  ) job on true`;

/** The number of columns in front of those of the job. */
const JOB_START = 2;

/** From this offset on, starting at a bookmark is faster than counting from the newest job. */
const DEEP_OFFSET = 101;

export type TaskJobQueries = ReturnType<typeof taskJobQueries>;

interface JobPageRequest {
  readonly viewer: Viewer;
  readonly taskId: string;
  /** Must have been checked. */
  readonly page: Page;
  readonly select: SelectedParts;
  readonly deadline: Deadline;
}

export function taskJobQueries(database: Pool) {
  const findTask = prepareRows(database, sql`select task.jobs, task.version from ${VISIBLE_TASK}`);
  const findPage = prepareRows(database, PAGE);
  const { findDeepPage, bookmarks } = deepPageQueries(database, { visibleTask: VISIBLE_TASK, isOfTask, limit: LIMIT });

  return {
    /** Null if the task does not exist or this viewer may not see it. */
    async findVisibleJobPage({ viewer, taskId, page, select, deadline }: JobPageRequest): Promise<FoundJobs | null> {
      const find = !select.jobs ? findTask : page.offset < DEEP_OFFSET ? findPage : findDeepPage;
      const rows = await find({ taskId, tasks: [taskId], ...viewer, ...page }, deadline);
      const [first] = rows;
      if (first === undefined) return null;

      const [count, version] = first as [string | null, string | null];
      const isEmpty = !select.jobs || first[JOB_START] === null;
      const jobs = isEmpty ? [] : rows.map((row) => readJob(row, taskId, JOB_START));
      if (version !== null) bookmarks.add(taskId, version, { offset: page.offset, jobs });
      return { jobs, count: Number(count) };
    },
  };
}
