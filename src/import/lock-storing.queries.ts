import { setTimeout as delay } from "node:timers/promises";
import type postgres from "postgres";

/** Different from the lock of migrations. */
const STORING_LOCK_ID = 4_207_311_903;
const RETRY_MS = 200;

interface Waiting {
  /** Called before each retry. */
  readonly onWait?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until no other import of this database stores rows, because each import holds the ids that it has inserted, and two
 * imports could wait for each other. It does not wait in PostgreSQL, so that the signal takes effect meanwhile.
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
