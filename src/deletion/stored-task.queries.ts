import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";

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

/** The statements of the command `tasks` that read. Those about one task name it in every select, so that Citus runs them on one shard. */
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
  };
}
