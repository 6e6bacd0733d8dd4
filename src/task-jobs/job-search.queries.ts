import { type SQL, sql } from "drizzle-orm";
import type { Viewer } from "../auth/viewer.ts";
import { allOf, between } from "../conditions.queries.ts";
import type { Pool } from "../db/client.ts";
import { queryRows } from "../db/prepare-rows.ts";
import { isEmptyFilter } from "../filter.ts";
import { conditionsOf } from "./job-filter.queries.ts";
import type { FoundJobs, JobOrder, JobSearch } from "./job-search.ts";
import { emailsOfJobs, jobOfRow } from "./task-job.queries.ts";

/** What decides which jobs, whatever their order. */
type Selection = Pick<JobSearch, "taskId" | "filter">;

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
  email.id as "1", email.email as "2", email.status as "3", email.is_role_based as "4", email.is_disposable as "5",
  email.has_mx_records as "6", email.has_reverse_dns as "7", email.domain_name as "8", email.host_name as "9",
  email.server_type as "10", email.is_catchall as "11", email.validated_at as "12", email.unknown_reason as "13",
  email.needs_physical_verify as "14", email.deleted_at as "15"`;

/** Not prepared: every combination of filters is another statement, and a plan is only as good as the values it knows. */
export function jobSearchQueries(database: Pool) {
  return {
    /** Null when this viewer may not see the task or there is none. Filter and bounds must have been checked. */
    async findVisibleJobs(search: JobSearch): Promise<FoundJobs | null> {
      const rows = await queryRows(database, statementOf(search), search.deadline);
      const [first] = rows;
      if (first === undefined) return null;
      const found = search.parts.jobs && first[1] !== null ? rows : [];
      const inOrder = search.backwards ? [...found].reverse() : found;
      return {
        jobs: inOrder.map(jobOfRow),
        emails: search.parts.emails ? emailsOfJobs(inOrder) : [],
        count: Number(first[0]),
      };
    },
  };
}

/** One statement, hence one snapshot, whose one row of `task` stands even where nothing matches. */
function statementOf(search: JobSearch): SQL {
  const { column, isDescending } = ORDERS[search.order];
  const goesDown = isDescending !== search.backwards;
  const direction = goesDown ? sql`desc` : sql`asc`;
  const count = search.parts.count ? countOf(search) : sql`0`;
  if (!search.parts.jobs) return sql`select ${count}, null from ${visibleTask(search.viewer, search.taskId)}`;

  // The emails of the page are joined to the page: within, only a condition on them keeps their join in the plan.
  const stretch = sql`
    select ${column} as ordered_by, job.*
    from task_email_jobs job left join emails email on email.id = job.email_id
    where ${allOf([matching(search), ...between(search, { moment: column, id: sql`job.id`, isDescending })])}
    order by ${column} ${direction}, job.id ${direction}
    limit ${search.limit} offset ${search.offset}`;
  return sql`
    select ${count}, job.ordered_by, ${SELECTED} from ${visibleTask(search.viewer, search.taskId)}
    left join (${stretch}) job on true left join emails email on email.id = job.email_id
    order by job.ordered_by ${direction}, job.id ${direction}`;
}

/** The access rule, as in task-job.queries.ts: nothing tells a missing task from a foreign one. */
export function visibleTask(viewer: Viewer, taskId: string): SQL {
  return sql`(
    select tasks.id from tasks
    where tasks.id = ${taskId} and tasks.deleted_at is null and (${viewer.isAdmin}::boolean or tasks.user_id = ${viewer.userId})
  ) task`;
}

export function matching({ taskId, filter }: Selection): SQL {
  return allOf([sql`job.task_id = ${taskId} and job.deleted_at is null`, ...conditionsOf(filter)]);
}

/** The triggers keep the number of all; only a filtered one is counted. */
export function countOf(search: Selection): SQL {
  if (isEmptyFilter(search.filter)) {
    return sql`(select coalesce(sum(jobs), 0) from task_job_totals where task_id = ${search.taskId})`;
  }
  return sql`(
    select count(*) from task_email_jobs job left join emails email on email.id = job.email_id where ${matching(search)})`;
}
