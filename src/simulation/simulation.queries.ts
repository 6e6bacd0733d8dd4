import type { Sql } from "../db/client.ts";
import { uuidArray } from "../values/array-literal.ts";
import type { SimulatedResult } from "./simulated-result.ts";

export interface ClaimedJob {
  readonly id: string;
  readonly address: string;
}

export interface FinishedJob {
  readonly id: string;
  /** Null if the job failed. */
  readonly emailId: string | null;
}

export type SimulationQueries = ReturnType<typeof simulationQueries>;

/**
 * The statements of a verifier, each a transaction of its own that checks the status it changes, so that several verifiers
 * can share a task. Each names the task in every select, so that Citus runs it on one shard.
 */
export function simulationQueries(sql: Sql, taskId: string) {
  return {
    async taskExists(): Promise<boolean> {
      const found = await sql`select 1 from public.tasks where id = ${taskId} and deleted_at is null`;
      return found.length > 0;
    },

    async countUnfinished(): Promise<number> {
      const [counted] = await sql<{ jobs: number }[]>`
        select count(*)::int as jobs from public.task_email_jobs
        where task_id = ${taskId} and status in ('pending', 'processing') and deleted_at is null`;
      return counted?.jobs ?? 0;
    },

    /**
     * Sets the newest pending jobs to processing, because pages begin with the newest jobs. The array is evaluated once; an IN
     * could run the sub-select again.
     */
    async claimPending(limit: number): Promise<ClaimedJob[]> {
      return await sql<ClaimedJob[]>`
        update public.task_email_jobs set status = 'processing', updated_at = now()
        where task_id = ${taskId} and id = any(array(
          select id from public.task_email_jobs
          where task_id = ${taskId} and status = 'pending' and deleted_at is null
          order by created_at desc, id desc limit ${limit} for update skip locked
        ))
        returning id, email_address as address`;
    },

    /** Sets the jobs that a verifier left in processing to pending, and returns their number. */
    async releaseAbandoned(seconds: number): Promise<number> {
      const released = await sql`
        update public.task_email_jobs set status = 'pending', updated_at = now()
        where task_id = ${taskId} and status = 'processing' and deleted_at is null
          and updated_at < now() - make_interval(secs => ${seconds})`;
      return released.count;
    },

    async release(ids: readonly string[]): Promise<void> {
      await sql`
        update public.task_email_jobs set status = 'pending', updated_at = now()
        where task_id = ${taskId} and id = any(${uuidArray(ids)}::uuid[]) and status = 'processing'
          and deleted_at is null`;
    },

    /** Inserts the records, or updates those of an earlier run. Always in the same order, so that verifiers never deadlock. */
    async saveResults(results: readonly SimulatedResult[]): Promise<void> {
      const unique = new Map(results.map((result) => [result.id, result]));
      const sorted = [...unique.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
      // Through text, because the driver would encode a parameter of type jsonb a second time.
      await sql`
        insert into public.emails (id, email, status, is_role_based, is_disposable, has_mx_records, has_reverse_dns,
          domain_name, host_name, server_type, is_catchall, validated_at, unknown_reason, needs_physical_verify)
        select id, email, status, is_role_based, is_disposable, has_mx_records, has_reverse_dns,
          domain_name, host_name, server_type, is_catchall, now(), unknown_reason, needs_physical_verify
        from jsonb_to_recordset(${JSON.stringify(sorted)}::text::jsonb) as result(
          id uuid, email text, status text, is_role_based boolean, is_disposable boolean, has_mx_records boolean,
          has_reverse_dns boolean, domain_name text, host_name text, server_type text, is_catchall boolean,
          unknown_reason text, needs_physical_verify boolean)
        on conflict (id) do update set
          (email, status, is_role_based, is_disposable, has_mx_records, has_reverse_dns, domain_name, host_name,
            server_type, is_catchall, validated_at, unknown_reason, needs_physical_verify, updated_at, deleted_at)
          = (excluded.email, excluded.status, excluded.is_role_based, excluded.is_disposable, excluded.has_mx_records,
            excluded.has_reverse_dns, excluded.domain_name, excluded.host_name, excluded.server_type,
            excluded.is_catchall, excluded.validated_at, excluded.unknown_reason, excluded.needs_physical_verify,
            excluded.updated_at, excluded.deleted_at)`;
    },

    /** Sets the jobs to completed or failed, and returns how many of each were still in processing. */
    async finish(jobs: readonly FinishedJob[]): Promise<{ completed: number; failed: number }> {
      const ids = uuidArray(jobs.map(({ id }) => id));
      const emailIds = JSON.stringify(Object.fromEntries(jobs.map(({ id, emailId }) => [id, emailId])));
      // JSON instead of a join with unnest(): Citus refuses a function in the FROM of an UPDATE, and version 13.2 crashes
      // at the subscript of an array.
      const finished = await sql<{ status: string }[]>`
        update public.task_email_jobs set updated_at = now(),
          status = case when ${emailIds}::text::jsonb ->> id::text is null then 'failed'::public.job_status else 'completed' end,
          email_id = (${emailIds}::text::jsonb ->> id::text)::uuid
        where task_id = ${taskId} and id = any(${ids}::uuid[]) and status = 'processing' and deleted_at is null
        returning status`;
      const completed = finished.filter(({ status }) => status === "completed").length;
      return { completed, failed: finished.length - completed };
    },

    /** Sets all jobs of the task to pending without a result, and returns their number. */
    async restart(): Promise<number> {
      const restarted = await sql`
        update public.task_email_jobs set status = 'pending', email_id = null, updated_at = now()
        where task_id = ${taskId} and deleted_at is null`;
      return restarted.count;
    },
  };
}
