import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { uuidArray } from "../values/array-literal.ts";

/** A task as the operator sees it, including a soft-deleted one. */
export interface StoredTask {
  readonly id: string;
  readonly userId: string | null;
  readonly source: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly deletedAt: string | null;
  /** The total that the triggers keep, without soft-deleted jobs. */
  readonly jobs: number;
}

export interface StatusCount {
  readonly status: string;
  readonly jobs: number;
}

export interface StoredJob {
  readonly id: string;
  readonly emailId: string | null;
}

interface Listed {
  readonly userId: string | null;
  readonly includesDeleted: boolean;
  readonly limit: number;
}

type Row<T> = T & Record<string, unknown>;

const utc = (column: SQL) => sql`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
const TASK = sql`
  task.id, task.user_id as "userId", task.source, ${utc(sql`task.created_at`)} as "createdAt",
  ${utc(sql`task.updated_at`)} as "updatedAt", ${utc(sql`task.deleted_at`)} as "deletedAt"`;
const TOTALS = sql`
  select task_id, sum(jobs)::float8 as jobs from public.task_job_totals`;

/** The statements of the command `tasks`. Those about one task name it in every select, so that Citus runs them on one shard. */
export function storedTaskQueries(db: Database) {
  return {
    async list({ userId, includesDeleted, limit }: Listed): Promise<StoredTask[]> {
      const ofUser = userId === null ? sql`true` : sql`task.user_id = ${userId}::uuid`;
      const rows = await db.execute<Row<StoredTask>>(sql`
        select ${TASK}, coalesce(total.jobs, 0) as jobs
        from public.tasks task left join (${TOTALS} group by task_id) total on total.task_id = task.id
        where ${ofUser} and ${includesDeleted ? sql`true` : sql`task.deleted_at is null`}
        order by task.created_at desc, task.id desc limit ${limit}`);
      return [...rows];
    },

    async find(taskId: string): Promise<StoredTask | null> {
      const [found] = await db.execute<Row<StoredTask>>(sql`
        select ${TASK}, coalesce(total.jobs, 0) as jobs
        from public.tasks task
        left join (${TOTALS} where task_id = ${taskId}::uuid group by task_id) total on total.task_id = task.id
        where task.id = ${taskId}::uuid`);
      return found ?? null;
    },

    async countByStatus(taskId: string): Promise<StatusCount[]> {
      const rows = await db.execute<Row<StatusCount>>(sql`
        select case when deleted_at is null then status::text else 'deleted' end as status, count(*)::float8 as jobs
        from public.task_email_jobs where task_id = ${taskId}::uuid group by 1 order by 1`);
      return [...rows];
    },

    /** Hides the task at once, before its jobs are deleted in batches. */
    async hide(taskId: string): Promise<void> {
      await db.execute(
        sql`update public.tasks set deleted_at = now() where id = ${taskId}::uuid and deleted_at is null`,
      );
    },

    /** Soft-deleted jobs are a second group, because the index of the others does not contain them. */
    async findJobs(taskId: string, batch: { limit: number; softDeleted: boolean }): Promise<StoredJob[]> {
      const state = batch.softDeleted ? sql`deleted_at is not null` : sql`deleted_at is null`;
      const jobs = await db.execute<Row<StoredJob>>(sql`
        select id, email_id as "emailId" from public.task_email_jobs
        where task_id = ${taskId}::uuid and ${state} limit ${batch.limit}`);
      return [...jobs];
    },

    /** Returns those of these email records to which any other job than these refers. */
    async findUsedRecords(recordIds: readonly string[], jobIds: readonly string[]): Promise<Set<string>> {
      const used = await db.execute<{ emailId: string }>(sql`
        select distinct email_id as "emailId" from public.task_email_jobs
        where email_id = any(${uuidArray(recordIds)}::uuid[]) and id <> all(${uuidArray(jobIds)}::uuid[])`);
      return new Set(used.map(({ emailId }) => emailId));
    },

    deleteJobs: async (taskId: string, ids: readonly string[]): Promise<number> =>
      (
        await db.execute(sql`
          delete from public.task_email_jobs where task_id = ${taskId}::uuid and id = any(${uuidArray(ids)}::uuid[])`)
      ).count,

    deleteRecords: async (ids: readonly string[]): Promise<number> =>
      (await db.execute(sql`delete from public.emails where id = any(${uuidArray(ids)}::uuid[])`)).count,

    deleteTask: async (taskId: string): Promise<number> =>
      (await db.execute(sql`delete from public.tasks where id = ${taskId}::uuid`)).count,
  };
}
