import cluster from "node:cluster";
import { LRUCache } from "lru-cache";
import { RateLimiterCluster, RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Config, RateLimitConfig } from "../config.ts";
import { openPool } from "../db/client.ts";
import type { Log } from "../log.ts";
import { createPostgresLimiter, STORE_CONNECTIONS, STORE_TIMEOUT_MS } from "./postgres-store.ts";
import { startRemovals } from "./remove-expired-counts.ts";

/** How long requests pass uncounted after the store has failed. */
const STORE_PAUSE_MS = 1000;
/**
 * How long a worker waits for the parent process, which counts for all workers. Longer than the limit of a store, because a
 * late parent is only busy.
 */
const PARENT_TIMEOUT_MS = 1000;
/** The largest number of addresses in memory. Credentials are not limited, because operators create them. */
const MAX_ADDRESSES = 100_000;

/** The state of a bucket after a request was charged to it. */
export interface Quota {
  readonly admitted: boolean;
  readonly remaining: number;
  readonly resetMs: number;
}

export interface RateLimiter {
  readonly points: number;
  readonly windowSeconds: number;
  /** Returns null if the store fails. The request then passes, because a failing store must not make the API unavailable. */
  readonly take: (bucket: string, points: number) => Promise<Quota | null>;
  readonly close: () => Promise<void>;
}

type StoreConfig = Pick<Config, "databaseUrl" | "preparedStatements">;

export function openRateLimiter(config: RateLimitConfig, storeConfig: StoreConfig, log: Log): RateLimiter {
  const { store, close } = openStore(config, storeConfig);
  const seen = createRecentlySeen(MAX_ADDRESSES);
  let silentUntil = 0;
  let failing = false;

  return {
    points: config.points,
    windowSeconds: config.windowSeconds,
    async take(bucket, points) {
      if (performance.now() < silentUntil) return null;
      const forgotten = config.store === "memory" && bucket.startsWith("address:") ? seen(bucket) : undefined;
      try {
        if (forgotten !== undefined) await store.delete(forgotten);
        // A query that costs more than the limit is charged the whole limit, because it could never pass otherwise.
        const left = await store.consume(bucket, Math.min(points, config.points)).catch(refusalOf);
        if (failing) log.info("the rate limit's store answers again, requests are counted");
        failing = false;
        return {
          admitted: left.consumedPoints <= config.points,
          remaining: left.remainingPoints,
          // If the clock was set back, the library would have the caller wait for as long as that in addition.
          resetMs: Math.min(Math.max(0, left.msBeforeNext), config.windowSeconds * 1000),
        };
      } catch (error) {
        if (!failing) log.error({ err: error }, "the rate limit's store does not answer, requests pass uncounted");
        failing = true;
        silentUntil = performance.now() + STORE_PAUSE_MS;
        return null;
      }
    },
    close,
  };
}

/** Returns a function that records a bucket and, above the limit, returns the least recently used bucket, which must be deleted. */
function createRecentlySeen(max: number) {
  let evicted: string | undefined;
  const seen = new LRUCache<string, true>({
    max,
    dispose: (_value, bucket) => {
      evicted = bucket;
    },
  });
  return (bucket: string): string | undefined => {
    evicted = undefined;
    seen.set(bucket, true);
    return evicted;
  };
}

/** The library throws its result if the limit is exceeded. */
function refusalOf(thrown: unknown): RateLimiterRes {
  if (thrown instanceof RateLimiterRes) return thrown;
  throw thrown;
}

function openStore(
  { store, points, windowSeconds }: RateLimitConfig,
  { databaseUrl, preparedStatements }: StoreConfig,
) {
  const options = { points, duration: windowSeconds };
  if (store === "postgres" && databaseUrl !== null) {
    // A separate pool, so that counting neither waits for page queries nor delays them.
    const sql = openPool(
      {
        url: databaseUrl,
        preparedStatements,
        statementTimeoutMs: STORE_TIMEOUT_MS,
        applicationName: "task-jobs-rate-limit",
        writes: true,
      },
      STORE_CONNECTIONS,
    );
    const stopRemovals = startRemovals(sql, windowSeconds);
    return {
      store: createPostgresLimiter(sql, options),
      async close() {
        stopRemovals();
        await sql.end({ timeout: 5 });
      },
    };
  }
  const inParent = cluster.isWorker;
  return {
    store: inParent
      ? new RateLimiterCluster({ ...options, keyPrefix: "rate", timeoutMs: PARENT_TIMEOUT_MS })
      : new RateLimiterMemory({ ...options, keyPrefix: "" }),
    close: async () => {},
  };
}
