import { sql } from "drizzle-orm";
import type { OpenDatabase } from "../db/client.ts";
import { queryRows } from "../db/prepare-rows.ts";
import { deadlineIn } from "../deadline.ts";
import { conditionsOf } from "../task-jobs/job-filter.queries.ts";
import type { JobFilter } from "../task-jobs/job-filter.ts";
import type { JobStatus } from "../task-jobs/task-job.ts";
import type { ProgressGroup } from "./task-progress.ts";

export type TaskProgressQueries = ReturnType<typeof taskProgressQueries>;

const NO_EMAILS = sql`null::text, 0, 0`;
const EMAILS = sql`
  case when email.deleted_at is null then email.status end,
  count(*) filter (where email.is_role_based and email.deleted_at is null),
  count(*) filter (where (email.is_disposable or email.status = 'disposable_domain') and email.deleted_at is null)`;

export function taskProgressQueries(counts: OpenDatabase["counts"]) {
  return {
    /** One statement for all the tasks, over their jobs that match. Access to each must have been checked. */
    async findProgressGroups(
      taskIds: readonly string[],
      filter: JobFilter,
      withEmails: boolean,
    ): Promise<ProgressGroup[]> {
      const ofTasks = sql`job.task_id = any(${`{${taskIds.join(",")}}`}::uuid[])`;
      const matching = sql.join([ofTasks, sql`job.deleted_at is null`, ...conditionsOf(filter)], sql` and `);
      const rows = await queryRows(
        counts,
        sql`select job.task_id, job.status, count(*), max(job.updated_at), ${withEmails ? EMAILS : NO_EMAILS}
            from task_email_jobs job left join emails email on email.id = job.email_id
            where ${matching} group by 1, 2, 5`,
        deadlineIn(counts.timeoutMs),
      );
      return rows.map((row) => ({
        taskId: row[0] as string,
        status: row[1] as JobStatus,
        jobs: Number(row[2]),
        lastUpdatedAt: row[3] as string,
        emailStatus: row[4] as string | null,
        roleBased: Number(row[5]),
        disposable: Number(row[6]),
      }));
    },
  };
}
