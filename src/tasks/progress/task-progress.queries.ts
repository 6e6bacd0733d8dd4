import { sql } from "drizzle-orm";
import type { OpenDatabase } from "../../db/client.ts";
import { queryRows } from "../../db/prepare-rows.ts";
import { conditionsOf, FILTERED_JOBS } from "../../job-search/job-filter.queries.ts";
import type { JobFilter } from "../../job-search/job-filter.ts";
import { deadlineIn } from "../../values/deadline.ts";
import type { ProgressGroup } from "./task-progress.ts";

export type TaskProgressQueries = ReturnType<typeof taskProgressQueries>;

const NO_EMAILS = sql`null::text, 0, 0`;
const EMAILS = sql`
  email.status,
  count(*) filter (where email.is_role_based),
  count(*) filter (where email.is_disposable or email.status = 'disposable_domain')`;

const LAST_UPDATE_OF_MATCHING = sql`max(job.updated_at)`;
/** Uses the index on `updated_at`, so that the jobs can be counted with an index-only scan. */
const LAST_UPDATE_OF_ALL = sql`(select max(of_task.updated_at) from public.task_email_jobs of_task
  where of_task.task_id = job.task_id and of_task.deleted_at is null)`;

export function taskProgressQueries(counts: OpenDatabase["counts"]) {
  return {
    /** Groups the matching jobs of all these tasks in one statement. The caller has already checked access to each task. */
    async findProgressGroups(
      taskIds: readonly string[],
      filter: JobFilter,
      withEmails: boolean,
    ): Promise<ProgressGroup[]> {
      const ofTasks = sql`job.task_id = any(${`{${taskIds.join(",")}}`}::uuid[])`;
      const conditions = conditionsOf(filter);
      const matching = sql.join([ofTasks, sql`job.deleted_at is null`, ...conditions], sql` and `);
      // A condition may use the email. With the join, LAST_UPDATE_OF_ALL would prevent a parallel plan.
      const joined = withEmails || conditions.length > 0;
      const rows = await queryRows(
        counts,
        sql`select job.task_id, job.status, count(*), ${joined ? LAST_UPDATE_OF_MATCHING : LAST_UPDATE_OF_ALL}, ${withEmails ? EMAILS : NO_EMAILS}
            from ${joined ? FILTERED_JOBS : sql`public.task_email_jobs job`}
            where ${matching} group by 1, 2, 5`,
        deadlineIn(counts.timeoutMs),
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
