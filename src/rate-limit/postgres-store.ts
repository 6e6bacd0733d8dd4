import { bulkhead } from "cockatiel";
import { RateLimiterPostgres } from "rate-limiter-flexible";
import type { Sql } from "../db/client.ts";
import { waitFor } from "../values/deadline.ts";

/** Short, because every request waits for the store. */
export const STORE_TIMEOUT_MS = 500;

interface StoredQuery {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** As many statements as connections run at once, because the driver would keep later ones, and still run them when they are too late. */
export const STORE_CONNECTIONS = 2;

/** Instances with different windows count separately, because a count of an hour must not refuse the callers of a second. */
export function keyPrefixOf(windowSeconds: number): string {
  return `${windowSeconds}s`;
}

/** Counts in the table `rate_limits`. A migration creates it, so that the role of the server needs no right to create tables. */
export function createPostgresLimiter(sql: Sql, { points, duration }: { points: number; duration: number }) {
  const gate = bulkhead(STORE_CONNECTIONS, Number.POSITIVE_INFINITY);
  const tooLate = () => new Error("the rate limit's store took too long");
  const client = {
    async query({ text, values }: StoredQuery) {
      const until = performance.now() + STORE_TIMEOUT_MS;
      const statement = gate.execute(async () => {
        if (performance.now() >= until) throw tooLate();
        return await sql.unsafe(text, [...values] as never[], { prepare: true });
      });
      const rows = await waitFor(statement, { ms: STORE_TIMEOUT_MS, timeoutError: tooLate });
      return { rows, rowCount: rows.length };
    },
  };
  return new RateLimiterPostgres({
    storeClient: client,
    storeType: "client",
    schemaName: "public",
    tableName: "rate_limits",
    tableCreated: true,
    // The library removes the expired counts by one statement, which is too slow for many of them.
    clearExpiredByTimeout: false,
    keyPrefix: keyPrefixOf(duration),
    points,
    duration,
  });
}
