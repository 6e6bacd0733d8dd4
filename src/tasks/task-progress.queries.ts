import { sql } from "drizzle-orm";
import type { OpenDatabase } from "../db/client.ts";
import { queryRows } from "../db/prepare-rows.ts";
import type { Deadline } from "../deadline.ts";
import { conditionsOf } from "../task-jobs/job-filter.queries.ts";
import type { JobFilter } from "../task-jobs/job-filter.ts";
import type { JobStatus } from "../task-jobs/task-job.ts";
import type { ProgressGroup } from "./task-progress.ts";

export type TaskProgressQueries = ReturnType<typeof taskProgressQueries>;

export function taskProgressQueries(database: OpenDatabase) {
  return {
    /** One aggregate over all the task's jobs that match. Access to the task must have been checked. */
    async findProgressGroups(
      taskId: string,
      filter: JobFilter,
      withEmails: boolean,
      deadline: Deadline,
    ): Promise<ProgressGroup[]> {
      const word = withEmails ? sql`case when email.deleted_at is null then email.status end` : sql`null::text`;
      const matching = sql.join(
        [sql`job.task_id = ${taskId}`, sql`job.deleted_at is null`, ...conditionsOf(filter)],
        sql` and `,
      );
      const rows = await queryRows(
        database.searches,
        sql`select job.status, ${word}, count(*), max(job.updated_at)
            from task_email_jobs job left join emails email on email.id = job.email_id
            where ${matching} group by 1, 2`,
        deadline,
      );
      return rows.map((row) => ({
        status: row[0] as JobStatus,
        emailStatus: row[1] as string | null,
        jobs: Number(row[2]),
        lastUpdatedAt: row[3] as string,
      }));
    },
  };
}
