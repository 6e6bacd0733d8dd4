import { RateLimiterPostgres } from "rate-limiter-flexible";
import type { Sql } from "../db/client.ts";
import { waitFor } from "../values/deadline.ts";

/** Short, because every request waits for the store. */
export const STORE_TIMEOUT_MS = 500;

interface StoredQuery {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Counts in the table `rate_limits`. A migration creates it, so that the role of the server needs no right to create tables. */
export function createPostgresLimiter(sql: Sql, { points, duration }: { points: number; duration: number }) {
  const client = {
    async query({ text, values }: StoredQuery) {
      const statement = sql.unsafe(text, [...values] as never[], { prepare: true });
      const timeoutError = () => new Error("the rate limit's store took too long");
      const rows = await waitFor(statement, { ms: STORE_TIMEOUT_MS, timeoutError });
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
    keyPrefix: "",
    points,
    duration,
  });
}
