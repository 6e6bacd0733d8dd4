import { type SQL, sql } from "drizzle-orm";
import type { Viewer } from "../auth/viewer.ts";
import { isVisibleTask } from "../auth/visible-task.queries.ts";
import { queryRows, type Row } from "../db/reads/prepare-rows.ts";
import type { Pool } from "../db/reads/reads.ts";
import type { PageRange } from "../paging/connection.ts";
import { isEmptyFilter } from "../paging/filter.ts";
import { allOf, between, isOneOf } from "../paging/keyset.queries.ts";
import { MAX_OFFSET, type Page } from "../paging/page.ts";
import type { Deadline } from "../values/deadline.ts";
import { conditionsOf, tablesOf } from "./job-filter.queries.ts";
import type { JobFilter } from "./job-filter.ts";
import type { JobOrder } from "./job-order.ts";
import { type FoundJobs, JOB_COLUMNS, readJob, type SelectedParts } from "./job-record.ts";

/** A page of the matching jobs of each task. The filter and the bounds must have been checked. */
export interface JobSearch extends Omit<PageRange, "size"> {
  readonly viewer: Viewer;
  readonly taskIds: readonly string[];
  readonly filter: JobFilter;
  readonly order: JobOrder;
  readonly limit: number;
  readonly select: SelectedParts;
  readonly deadline: Deadline;
}

export type JobSearchQueries = ReturnType<typeof jobSearchQueries>;

interface JobPageSearch extends Pick<JobSearch, "viewer" | "filter" | "order" | "select" | "deadline"> {
  readonly taskId: string;
  readonly page: Page;
}

interface OrderSql {
  readonly column: SQL;
  readonly isDescending: boolean;
}

const ORDERS: Readonly<Record<JobOrder, OrderSql>> = {
  created_desc: { column: sql`job.created_at`, isDescending: true },
  created_asc: { column: sql`job.created_at`, isDescending: false },
  updated_desc: { column: sql`job.updated_at`, isDescending: true },
  updated_asc: { column: sql`job.updated_at`, isDescending: false },
};

/** The statements are not prepared, because each combination of filters has its own statement, whose plan depends on the values. */
export function jobSearchQueries(database: Pool) {
  /** In the order of the task ids. Null if a task does not exist or this viewer may not see it. */
  async function findVisibleJobs(search: JobSearch): Promise<(FoundJobs | null)[]> {
    const rows = await queryRows(database, statementOf(search), { tasks: search.taskIds, deadline: search.deadline });
    const rowsByTask = new Map<unknown, Row[]>(rows.map(([, taskId]) => [taskId, []]));
    for (const row of rows) rowsByTask.get(row[1])?.push(row);
    return search.taskIds.map((taskId) => {
      const found = rowsByTask.get(taskId);
      return found === undefined ? null : readFound(found, taskId, search);
    });
  }

  return {
    findVisibleJobs,

    /** One page of the jobs of one task. */
    async findVisibleJobPage({ taskId, page, ...search }: JobPageSearch): Promise<FoundJobs | null> {
      const range = { after: null, before: null, backwards: false, ...page } as const;
      const [found = null] = await findVisibleJobs({ ...search, ...range, taskIds: [taskId] });
      return found;
    },
  };
}

/** The statement selects the count and the task in front of the columns of the job. */
const JOB_START = 2;

function readFound(rows: readonly Row[], taskId: string, { backwards }: JobSearch): FoundJobs {
  const [count] = rows[0] ?? [];
  const found = rows.filter((row) => row[JOB_START] !== null);
  if (backwards) found.reverse();
  return { jobs: found.map((row) => readJob(row, taskId, JOB_START)), count: Number(count) };
}

/** One statement, so that counts and jobs come from one snapshot. A task without matching jobs has one row. */
function statementOf(search: JobSearch): SQL {
  const { viewer, taskIds, filter, select } = search;
  const { column, isDescending } = ORDERS[search.order];
  const isDownwards = isDescending !== search.backwards;
  const direction = isDownwards ? sql`desc` : sql`asc`;
  const task = visibleTasks(viewer, taskIds);
  const counted = select.count
    ? sql`${task} left join (${countsOf(search)}) counted on counted.task_id = task.id`
    : task;
  const count = select.count ? sql`coalesce(counted.count, 0)` : sql`0`;
  if (!select.jobs) return sql`select ${count}, task.id, null from ${counted}`;

  // The id of a single task is a value, by which the planner estimates how many jobs the task has, and by which Citus finds
  // its shard.
  const [onlyId] = taskIds.length === 1 ? taskIds : [];
  const taskId = sql`${onlyId ?? sql`task.id`}`;
  const page = sql`
    select ${column} as ordered_by, job.* from ${tablesOf(filter)}
    where ${allOf([
      matching(sql`job.task_id = ${taskId}`, filter),
      ...between(search, { timestamp: column, id: sql`job.id`, isDescending }),
      ...startsBeforeEnd(search, { count, taskId }),
    ])}
    order by ${column} ${direction}, job.id ${direction}
    limit ${search.limit} offset ${search.offset}`;
  return sql`
    select ${count}, task.id, ${JOB_COLUMNS.of("job")} from ${counted} left join lateral (${page}) job on true
    order by job.ordered_by ${direction}, job.id ${direction}`;
}

/**
 * PostgreSQL checks this condition once, before it walks to the offset, so that an offset past the end reads no job. The
 * end is the last match, or the last job of the task if the matches are not counted.
 */
function startsBeforeEnd({ offset, select }: JobSearch, { count, taskId }: { count: SQL; taskId: SQL }): SQL[] {
  if (offset === 0) return [];
  if (select.count) return [sql`${offset}::bigint < ${count}`];
  const total = sql`(select sum(jobs) from public.task_job_totals where task_id = ${taskId})`;
  // The total is null if no trigger counted the jobs of this task.
  return [sql`${offset}::bigint < coalesce(${total}, ${MAX_OFFSET}::bigint + 1)`];
}

export function visibleTasks(viewer: Viewer, taskIds: readonly string[]): SQL {
  return sql`(
    select task.id from public.tasks task where ${isOneOf(sql`task.id`, taskIds)} and ${isVisibleTask(viewer)}
  ) task`;
}

export function matching(ofTasks: SQL, filter: JobFilter): SQL {
  return allOf([ofTasks, sql`job.deleted_at is null`, ...conditionsOf(filter)]);
}

/**
 * Counts the matching jobs of each task: all jobs by the totals of the triggers, and filtered jobs by one scan for all
 * tasks together. A scan for each task would look up every email of a large task.
 */
export function countsOf({ taskIds, filter }: Pick<JobSearch, "taskIds" | "filter">): SQL {
  if (isEmptyFilter(filter)) {
    return sql`
      select sum(jobs) as count, task_id from public.task_job_totals where ${isOneOf(sql`task_id`, taskIds)} group by task_id`;
  }
  return sql`
    select count(*), job.task_id from ${tablesOf(filter)}
    where ${matching(isOneOf(sql`job.task_id`, taskIds), filter)} group by job.task_id`;
}
