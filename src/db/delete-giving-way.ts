import { setTimeout as delay } from "node:timers/promises";
import { sql } from "drizzle-orm";
import type { Database } from "./client.ts";
import { isLockConflict } from "./faults.ts";

/** Shorter than PostgreSQL's deadlock_timeout (1 s), after which the transaction of the other program could be the one that fails. */
const LOCK_TIMEOUT_MS = 200;
const RETRY_MS = { min: 50, max: 250 } as const;

export type Transaction = Parameters<Parameters<Database["transaction"]>[0]>[0];

export interface Waiting {
  readonly signal: AbortSignal;
  /** Called before each retry. */
  readonly onWait: () => void;
}

/**
 * Runs a part of a deletion as one transaction, and again for as long as another program holds locks on the same rows: a
 * deletion can wait, and a worker or an import may not fail because of it. Returns null if the signal aborts.
 */
export async function deleteGivingWay<T>(
  db: Database,
  { signal, onWait }: Waiting,
  work: (tx: Transaction) => Promise<T>,
): Promise<T | null> {
  while (!signal.aborted) {
    try {
      return await db.transaction(
        async (tx) => {
          await tx.execute(sql`select set_config('lock_timeout', ${String(LOCK_TIMEOUT_MS)}, true)`);
          return await work(tx);
        },
        // Each statement must see the rows that other programs committed before it.
        { isolationLevel: "read committed" },
      );
    } catch (error) {
      if (!isLockConflict(error)) throw error;
    }
    onWait();
    const pauseMs = RETRY_MS.min + Math.random() * (RETRY_MS.max - RETRY_MS.min);
    await delay(pauseMs, undefined, { signal }).catch(() => {});
  }
  return null;
}
