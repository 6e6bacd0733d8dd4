import { type SQL, sql } from "drizzle-orm";
import { queryRows } from "../../db/reads/prepare-rows.ts";
import type { Reads } from "../../db/reads/reads.ts";
import { JOBS, JOBS_WITH_EMAILS, usesEmails } from "../../job-search/job-filter.queries.ts";
import type { JobFilter } from "../../job-search/job-filter.ts";
import { matching } from "../../job-search/job-search.queries.ts";
import { isEmptyFilter } from "../../paging/filter.ts";
import { isOneOf } from "../../paging/keyset.queries.ts";
import type { Deadline } from "../../values/deadline.ts";
import type { TaskProgressGroup } from "./task-progress.ts";

export type TaskProgressQueries = ReturnType<typeof taskProgressQueries>;

const NO_EMAILS = sql`null::text, 0, 0`;
/** The status of the email, and the numbers of role addresses and of disposable addresses. */
export const EMAIL_COUNTS = sql`
  email.status,
  count(*) filter (where email.is_role_based),
  count(*) filter (where email.is_disposable or email.status = 'disposable_domain')`;

const LAST_UPDATE_OF_MATCHING = sql`max(job.updated_at)`;
/** Uses the index on `updated_at`, so that the jobs can be counted with an index-only scan. */
const lastUpdateOfAll = (taskIds: readonly string[]): SQL => sql`(
  select max(of_task.updated_at) from public.task_email_jobs of_task
  where of_task.task_id = ${taskIds.length === 1 ? taskIds[0] : sql`job.task_id`} and of_task.deleted_at is null)`;

interface CountedJobs {
  readonly taskIds: readonly string[];
  readonly filter: JobFilter;
  readonly withEmails: boolean;
}

export function taskProgressQueries(counts: Reads["counts"]) {
  return {
    timeoutMs: counts.timeoutMs,
    shared: counts.shared,

    /** Groups the matching jobs of all these tasks in one statement. The caller has already checked access to each task. */
    async findProgressGroups(counted: CountedJobs, deadline: Deadline): Promise<TaskProgressGroup[]> {
      const { taskIds, filter, withEmails } = counted;
      const needsEmails = withEmails || usesEmails(filter);
      // With the join of the emails, the sub-select of the last update would prevent a parallel plan.
      const lastUpdate = needsEmails || !isEmptyFilter(filter) ? LAST_UPDATE_OF_MATCHING : lastUpdateOfAll(taskIds);
      const rows = await queryRows(
        counts,
        sql`select job.task_id, job.status, count(*), ${lastUpdate}, ${withEmails ? EMAIL_COUNTS : NO_EMAILS}
            from ${needsEmails ? JOBS_WITH_EMAILS : JOBS}
            where ${matching(isOneOf(sql`job.task_id`, taskIds), filter)} group by 1, 2, 5`,
        { tasks: taskIds, deadline },
      );
      return rows.map((row) => ({
        taskId: row[0] as string,
        status: row[1] as string,
        jobs: Number(row[2]),
        lastUpdatedAt: row[3] as string,
        emailStatus: row[4] as string | null,
        roleBased: Number(row[5]),
        disposable: Number(row[6]),
      }));
    },
  };
}
