import { randomBytes } from "node:crypto";
import { sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";

export interface WrongTotal {
  readonly taskId: string;
  /** The number that the triggers maintained. */
  readonly kept: number;
  /** The number of existing jobs. */
  readonly counted: number;
}

const WRONG_TOTALS = sql`
  select coalesce(k.task_id, c.task_id) as "taskId", coalesce(kept, 0)::float8 as kept, coalesce(counted, 0)::float8 as counted
  from (select task_id, sum(jobs) as kept from public.task_job_totals group by task_id) k
  full join (select task_id, count(*) as counted from public.task_email_jobs where deleted_at is null group by task_id) c
  using (task_id)
  where coalesce(kept, 0) <> coalesce(counted, 0)
  order by 1`;

/** Reads in one snapshot and does not block writers. */
export async function findWrongTotals(db: Database): Promise<WrongTotal[]> {
  return [...(await db.execute<WrongTotal & Record<string, unknown>>(WRONG_TOTALS))];
}

/**
 * Blocks writers while it counts. Each task gets a new version, even if its total is right, so that running servers drop
 * their bookmarks: the rows may have moved.
 */
export async function repairTotals(db: Database): Promise<WrongTotal[]> {
  return db.transaction(async (transaction) => {
    await transaction.execute(sql`lock table public.task_email_jobs in share row exclusive mode`);
    const wrong = [...(await transaction.execute<WrongTotal & Record<string, unknown>>(WRONG_TOTALS))];
    for (const { taskId, kept, counted } of wrong) {
      await transaction.execute(sql`select public.add_to_total(${taskId}, ${counted - kept})`);
    }
    // One number for all tasks, because Citus refuses volatile functions in an UPDATE. Their sums are new all the same.
    const change = randomBytes(8).readBigInt64LE();
    await transaction.execute(sql`update public.task_job_totals set changes = ${change}::bigint`);
    return wrong;
  });
}
