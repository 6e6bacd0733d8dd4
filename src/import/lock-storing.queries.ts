import { setTimeout as delay } from "node:timers/promises";
import type postgres from "postgres";

/** Must differ from the id of the lock of migrations. */
export const STORING_LOCK_ID = 4_207_311_903;
const RETRY_MS = 200;

interface Waiting {
  /** Called before each retry. */
  readonly onWait?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until no other import of a file with ids stores its rows: each import locks the ids that it inserts, so two imports could
 * wait for each other. The function retries instead of waiting in PostgreSQL, so that the signal can end it.
 */
export async function lockStoring(tx: postgres.TransactionSql, { onWait, signal }: Waiting): Promise<void> {
  for (;;) {
    const [lock] = await tx<{ isLocked: boolean }[]>`
      select pg_try_advisory_xact_lock(${STORING_LOCK_ID}) as "isLocked"`;
    if (lock?.isLocked === true) return;
    onWait?.();
    await delay(RETRY_MS, undefined, { signal });
  }
}
