import { sql } from "drizzle-orm";
import type { Transaction } from "../db/delete-giving-way.ts";
import { uuidArray } from "../values/array-literal.ts";

export interface DeletedJobs {
  readonly jobs: number;
  /** The email records to which these jobs referred. */
  readonly recordIds: readonly string[];
}

/** The statements that delete one task. Those about the task name it in every select, so that Citus runs them on one shard. */
export function taskDeletionQueries(tx: Transaction, taskId: string) {
  return {
    async hideTask(): Promise<void> {
      await tx.execute(
        sql`update public.tasks set deleted_at = now() where id = ${taskId}::uuid and deleted_at is null`,
      );
    },

    /** Soft-deleted jobs are a second group, because the index of the others does not contain them. */
    async findJobs(batch: { limit: number; softDeleted: boolean }): Promise<string[]> {
      const state = batch.softDeleted ? sql`deleted_at is not null` : sql`deleted_at is null`;
      const jobs = await tx.execute<{ id: string }>(sql`
        select id from public.task_email_jobs where task_id = ${taskId}::uuid and ${state} limit ${batch.limit}`);
      return jobs.map(({ id }) => id);
    },

    async deleteJobs(ids: readonly string[]): Promise<DeletedJobs> {
      const deleted = await tx.execute<{ emailId: string | null }>(sql`
        delete from public.task_email_jobs where task_id = ${taskId}::uuid and id = any(${uuidArray(ids)}::uuid[])
        returning email_id as "emailId"`);
      const recordIds = new Set(deleted.map(({ emailId }) => emailId).filter((id) => id !== null));
      return { jobs: deleted.length, recordIds: [...recordIds] };
    },

    /**
     * Prevents new references to these records until the end of the transaction. A reference that another transaction has
     * added is visible to the next statement.
     */
    async lockRecords(ids: readonly string[]): Promise<void> {
      await tx.execute(
        sql`select id from public.emails where id = any(${uuidArray(ids)}::uuid[]) order by id for update`,
      );
    },

    async findUsedRecords(ids: readonly string[]): Promise<Set<string>> {
      const used = await tx.execute<{ emailId: string }>(sql`
        select distinct email_id as "emailId" from public.task_email_jobs where email_id = any(${uuidArray(ids)}::uuid[])`);
      return new Set(used.map(({ emailId }) => emailId));
    },

    deleteRecords: async (ids: readonly string[]): Promise<number> =>
      (await tx.execute(sql`delete from public.emails where id = any(${uuidArray(ids)}::uuid[])`)).count,

    /** Prevents new jobs of the task. Returns whether the task exists. */
    lockTask: async (): Promise<boolean> =>
      (await tx.execute(sql`select from public.tasks where id = ${taskId}::uuid for update`)).count > 0,

    async hasJobs(): Promise<boolean> {
      const jobs = await tx.execute(sql`select from public.task_email_jobs where task_id = ${taskId}::uuid limit 1`);
      return jobs.count > 0;
    },

    async deleteTask(): Promise<void> {
      await tx.execute(sql`delete from public.tasks where id = ${taskId}::uuid`);
    },
  };
}

export type TaskDeletionQueries = ReturnType<typeof taskDeletionQueries>;
