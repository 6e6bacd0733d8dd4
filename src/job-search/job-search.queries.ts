import { type SQL, sql } from "drizzle-orm";
import type { Viewer } from "../auth/viewer.ts";
import { isVisibleTask } from "../auth/visible-task.queries.ts";
import type { Pool } from "../db/client.ts";
import { queryRows, type Row } from "../db/prepare-rows.ts";
import { isEmptyFilter } from "../paging/filter.ts";
import { allOf, between } from "../paging/keyset.queries.ts";
import { MAX_OFFSET, type Page } from "../paging/page.ts";
import { uuidArray } from "../values/array-literal.ts";
import { conditionsOf, FILTERED_JOBS } from "./job-filter.queries.ts";
import type { JobFilter } from "./job-filter.ts";
import { type FoundJobs, JOB_COLUMNS, readJob } from "./job-record.ts";
import type { JobOrder, JobSearch } from "./job-search.ts";

/** What decides which jobs, whatever their order. */
type Selection = Pick<JobSearch, "taskIds" | "filter">;

export type JobSearchQueries = ReturnType<typeof jobSearchQueries>;

interface JobPageSearch extends Pick<JobSearch, "viewer" | "filter" | "select" | "deadline"> {
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

/** Not prepared: every combination of filters is another statement, and a plan is only as good as the values it knows. */
export function jobSearchQueries(database: Pool) {
  /**
   * In the order of the task ids. Null if a task does not exist or this viewer may not see it. The filter and the bounds
   * must have been checked.
   */
  async function findVisibleJobs(search: JobSearch): Promise<(FoundJobs | null)[]> {
    const rows = await queryRows(database, statementOf(search), search.deadline);
    const rowsByTask = new Map<unknown, Row[]>(rows.map(([, taskId]) => [taskId, []]));
    for (const row of rows) rowsByTask.get(row[1])?.push(row);
    return search.taskIds.map((taskId) => {
      const found = rowsByTask.get(taskId);
      return found === undefined ? null : readFound(found, taskId, search);
    });
  }

  return {
    findVisibleJobs,

    /** One page of the jobs of one task, newest first. */
    async findVisibleJobPage({ taskId, page, ...search }: JobPageSearch): Promise<FoundJobs | null> {
      const range = { order: "created_desc", after: null, before: null, backwards: false, ...page } as const;
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

/** One statement, hence one snapshot, whose one row of each `task` stands even where nothing matches. */
function statementOf(search: JobSearch): SQL {
  const { viewer, taskIds, filter, select } = search;
  const { column, isDescending } = ORDERS[search.order];
  const goesDown = isDescending !== search.backwards;
  const direction = goesDown ? sql`desc` : sql`asc`;
  const task = visibleTasks(viewer, taskIds);
  const counted = select.count
    ? sql`${task} left join (${countsOf(search)}) counted on counted.task_id = task.id`
    : task;
  const count = select.count ? sql`coalesce(counted.count, 0)` : sql`0`;
  if (!select.jobs) return sql`select ${count}, task.id, null from ${counted}`;

  // The id of a lone task as a value: by it the planner knows how many jobs that one has.
  const [loneId] = taskIds.length === 1 ? taskIds : [];
  const ofTask = sql`job.task_id = ${loneId ?? sql`task.id`}`;
  const stretch = sql`
    select ${column} as ordered_by, job.*
    from ${FILTERED_JOBS}
    where ${allOf([
      matching(ofTask, filter),
      ...between(search, { moment: column, id: sql`job.id`, isDescending }),
      ...beforeTheEnd(search, count),
    ])}
    order by ${column} ${direction}, job.id ${direction}
    limit ${search.limit} offset ${search.offset}`;
  return sql`
    select ${count}, task.id, ${JOB_COLUMNS.of("job")} from ${counted} left join lateral (${stretch}) job on true
    order by job.ordered_by ${direction}, job.id ${direction}`;
}

/**
 * PostgreSQL checks this condition once, before it walks to the offset. An offset behind the last match, or where the matches
 * are not counted behind the last job of the task, reads no job.
 */
function beforeTheEnd({ offset, select }: JobSearch, count: SQL): SQL[] {
  if (offset === 0) return [];
  if (select.count) return [sql`${offset}::bigint < ${count}`];
  const total = sql`(select sum(jobs) from public.task_job_totals where task_id = task.id)`;
  // No total: no trigger has ever counted the jobs of this task.
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
 * A row for each task that has jobs which match. The triggers keep the number of all; only a filtered one is counted,
 * for all the tasks together: task by task the planner would look up every email of a large one.
 */
export function countsOf({ taskIds, filter }: Selection): SQL {
  if (isEmptyFilter(filter)) {
    return sql`
      select sum(jobs) as count, task_id from public.task_job_totals where ${isOneOf(sql`task_id`, taskIds)} group by task_id`;
  }
  return sql`
    select count(*), job.task_id from ${FILTERED_JOBS}
    where ${matching(isOneOf(sql`job.task_id`, taskIds), filter)} group by job.task_id`;
}

function isOneOf(id: SQL, ids: readonly string[]): SQL {
  return sql`${id} = any(${uuidArray(ids)}::uuid[])`;
}
