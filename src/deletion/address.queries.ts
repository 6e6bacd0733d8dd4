import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import type { Transaction } from "../db/delete-giving-way.ts";
import { isInAnyCase } from "../job-search/job-filter.queries.ts";
import { uuidArray } from "../values/array-literal.ts";

/** The jobs of one address in one task. */
export interface JobsInTask {
  readonly taskId: string;
  /** Null for a task without a user. */
  readonly userId: string | null;
  readonly ids: readonly string[];
}

/** The statements that find the rows of one address, in any case and including soft-deleted rows. */
export function addressQueries(db: Database, address: string) {
  const matches = (column: SQL) => isInAnyCase(column, [address]);
  return {
    /** Reads all jobs once, because no index contains the addresses. */
    async findJobs(): Promise<JobsInTask[]> {
      const rows = await db.execute<{ taskId: string; userId: string | null; ids: string }>(sql`
        select job.task_id as "taskId", task.user_id as "userId", string_agg(job.id::text, ',' order by job.id) as ids
        from public.task_email_jobs job join public.tasks task on task.id = job.task_id
        where ${matches(sql`job.email_address`)}
        group by job.task_id, task.user_id order by job.task_id`);
      return rows.map(({ taskId, userId, ids }) => ({ taskId, userId, ids: ids.split(",") }));
    },

    async findRecords(): Promise<string[]> {
      const rows = await db.execute<{ id: string }>(
        sql`select id from public.emails email where ${matches(sql`email.email`)} order by id`,
      );
      return rows.map(({ id }) => id);
    },
  };
}

/** The deletion of jobs names the task, so that Citus runs it on one shard. */
export async function deleteJobsById(tx: Transaction, taskId: string, ids: readonly string[]): Promise<number> {
  const deleted = await tx.execute(sql`
    delete from public.task_email_jobs where task_id = ${taskId}::uuid and id = any(${uuidArray(ids)}::uuid[])`);
  return deleted.count;
}

export async function deleteRecordsById(tx: Transaction, ids: readonly string[]): Promise<number> {
  return (await tx.execute(sql`delete from public.emails where id = any(${uuidArray(ids)}::uuid[])`)).count;
}
