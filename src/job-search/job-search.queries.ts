import { type SQL, sql } from "drizzle-orm";
import type { Viewer } from "../auth/viewer.ts";
import type { Pool } from "../db/client.ts";
import { queryRows, type Row } from "../db/prepare-rows.ts";
import { textArray } from "../db/text-array.ts";
import { isEmptyFilter } from "../paging/filter.ts";
import { allOf, between } from "../paging/keyset.queries.ts";
import { MAX_OFFSET } from "../paging/page.ts";
import { emailsOfJobs, jobOfRow } from "../task-jobs/task-job.queries.ts";
import { conditionsOf } from "./job-filter.queries.ts";
import type { JobFilter } from "./job-filter.ts";
import type { FoundJobs, JobOrder, JobSearch } from "./job-search.ts";

/** What decides which jobs, whatever their order. */
type Selection = Pick<JobSearch, "taskIds" | "filter">;

export type JobSearchQueries = ReturnType<typeof jobSearchQueries>;

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

/** The job's columns, then the email's: the order that `jobOfRow` and `emailOfJob` read. */
export const SELECTED = sql`job.id, job.task_id, job.email_id, job.email_address, job.status, job.created_at, job.updated_at,
  email.id, email.email, email.status, email.is_role_based, email.is_disposable,
  email.has_mx_records, email.has_reverse_dns, email.domain_name, email.host_name,
  email.server_type, email.is_catchall, email.validated_at, email.unknown_reason,
  email.needs_physical_verify, email.deleted_at`;

/** Not prepared: every combination of filters is another statement, and a plan is only as good as the values it knows. */
export function jobSearchQueries(database: Pool) {
  return {
    /**
     * In the order of the tasks; null for one that this viewer may not see and one that is not there. Filter and bounds
     * must have been checked.
     */
    async findVisibleJobs(search: JobSearch): Promise<(FoundJobs | null)[]> {
      const rows = await queryRows(database, statementOf(search), search.deadline);
      const rowsById = new Map<unknown, Row[]>(rows.map((row) => [row[TASK_ID], []]));
      for (const row of rows) rowsById.get(row[TASK_ID])?.push(row);
      return search.taskIds.map((taskId) => foundIn(rowsById.get(taskId), search));
    },
  };
}

/** In front of the job's columns. */
const COUNT = 0;
const TASK_ID = 1;
const JOB_ID = 2;

function foundIn(rows: readonly Row[] | undefined, { parts, backwards }: JobSearch): FoundJobs | null {
  if (rows === undefined) return null;
  const found = rows.filter((row) => row[JOB_ID] !== null);
  if (backwards) found.reverse();
  return {
    jobs: found.map(jobOfRow),
    emails: parts.emails ? emailsOfJobs(found) : [],
    count: Number(rows[0]?.[COUNT]),
  };
}

/** One statement, hence one snapshot, whose one row of each `task` stands even where nothing matches. */
function statementOf(search: JobSearch): SQL {
  const { viewer, taskIds, filter, parts } = search;
  const { column, isDescending } = ORDERS[search.order];
  const goesDown = isDescending !== search.backwards;
  const direction = goesDown ? sql`desc` : sql`asc`;
  const task = visibleTasks(viewer, taskIds);
  const counted = parts.count
    ? sql`${task} left join (${countsOf(search)}) counted on counted.task_id = task.id`
    : task;
  const count = parts.count ? sql`coalesce(counted.count, 0)` : sql`0`;
  if (!parts.jobs) return sql`select ${count}, task.id, null from ${counted}`;

  // The id of a lone task as a value: by it the planner knows how many jobs that one has.
  const [loneId] = taskIds.length === 1 ? taskIds : [];
  const ofTask = sql`job.task_id = ${loneId ?? sql`task.id`}`;
  // The emails of the page are joined to the page: within, only a condition on them keeps their join in the plan.
  const stretch = sql`
    select ${column} as ordered_by, job.*
    from public.task_email_jobs job left join public.emails email on email.id = job.email_id
    where ${allOf([
      matching(ofTask, filter),
      ...between(search, { moment: column, id: sql`job.id`, isDescending }),
      ...beforeTheEnd(search, count),
    ])}
    order by ${column} ${direction}, job.id ${direction}
    limit ${search.limit} offset ${search.offset}`;
  return sql`
    select ${count}, task.id, ${SELECTED} from ${counted} left join lateral (${stretch}) job on true
    left join public.emails email on email.id = job.email_id
    order by job.ordered_by ${direction}, job.id ${direction}`;
}

/**
 * PostgreSQL checks this condition once, before it walks to the offset. An offset behind the last match, or where the matches
 * are not counted behind the last job of the task, reads no job.
 */
function beforeTheEnd({ offset, parts }: JobSearch, count: SQL): SQL[] {
  if (offset === 0) return [];
  if (parts.count) return [sql`${offset}::bigint < ${count}`];
  const total = sql`(select sum(jobs) from public.task_job_totals where task_id = task.id)`;
  // No total: no trigger has ever counted the jobs of this task.
  return [sql`${offset}::bigint < coalesce(${total}, ${MAX_OFFSET}::bigint + 1)`];
}

/** The access rule, as in task-job.queries.ts: nothing tells a missing task from a foreign one. */
export function visibleTasks(viewer: Viewer, taskIds: readonly string[]): SQL {
  return sql`(
    select tasks.id from public.tasks
    where ${isOneOf(sql`tasks.id`, taskIds)} and tasks.deleted_at is null
      and (${viewer.isAdmin}::boolean or tasks.user_id = ${viewer.userId})
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
    select count(*), job.task_id from public.task_email_jobs job left join public.emails email on email.id = job.email_id
    where ${matching(isOneOf(sql`job.task_id`, taskIds), filter)} group by job.task_id`;
}

function isOneOf(id: SQL, ids: readonly string[]): SQL {
  return sql`${id} = any(${textArray(ids)}::uuid[])`;
}
