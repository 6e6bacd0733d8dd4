import type { Sql } from "../db/client.ts";
import { keyPrefixOf } from "./postgres-store.ts";

/** How often the counts of ended windows are removed. */
const REMOVE_EVERY_MS = 300_000;
/** The clocks of the instances may differ by this much. */
const MAX_CLOCK_DIFFERENCE_MS = 60_000;
/** A statement that removed all of them at once could take longer than `STORE_TIMEOUT_MS`, would fail, and so would every later one. */
const BATCH_SIZE = 2000;

/**
 * Removes the counts of ended windows in batches, and skips those that another instance removes at the moment. It also removes
 * counts that end later than a new window could, because a clock was set back: their callers would be refused until then.
 */
export async function removeExpiredCounts(sql: Sql, windowSeconds: number): Promise<void> {
  const until = Date.now() - MAX_CLOCK_DIFFERENCE_MS;
  const latest = Date.now() + windowSeconds * 1000 + MAX_CLOCK_DIFFERENCE_MS;
  const prefix = `${keyPrefixOf(windowSeconds)}:`;
  for (let removed = BATCH_SIZE; removed === BATCH_SIZE; ) {
    const { count } = await sql`
      delete from public.rate_limits where ctid = any(array(
        select ctid from public.rate_limits
        where expire < ${until} or (expire > ${latest} and starts_with(key, ${prefix}))
        limit ${BATCH_SIZE} for update skip locked))`;
    removed = count;
  }
}

/** Returns a function that stops the removals. */
export function startRemovals(sql: Sql, windowSeconds: number): () => void {
  // The next removal also removes the counts that this one could not.
  const timer = setInterval(
    () => void removeExpiredCounts(sql, windowSeconds).catch(() => {}),
    REMOVE_EVERY_MS,
  ).unref();
  return () => clearInterval(timer);
}
