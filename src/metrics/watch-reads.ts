import type { Tracer } from "@opentelemetry/api";
import { BrokenCircuitError, BulkheadRejectedError } from "cockatiel";
import type { OpenDatabase } from "../db/client.ts";
import { WaitedTooLong } from "../db/faults.ts";
import type { Pool, Reads } from "../db/reads/reads.ts";
import type { EmailQueries } from "../email/email.queries.ts";
import { Failure } from "../errors.ts";
import type { Limit, Metrics } from "./metrics.ts";
import { traceReads } from "./tracing.ts";

/** Shows the queues of the database at DATABASE_URL as gauges. */
export function watchPools(metrics: Metrics, database: OpenDatabase, exportsRunning: () => number): void {
  const [pages, searches, counts] = [database.gauges, database.searches.gauges, database.counts.gauges];
  metrics.registerPoolGauge("database_reads_under_way", "Reads that use a connection of the pool", {
    pages: pages.underWay,
    searches: searches.underWay,
    counts: counts.underWay,
    exports: exportsRunning,
  });
  metrics.registerPoolGauge("database_reads_waiting", "Reads that wait for a connection of the pool", {
    pages: pages.waiting,
    searches: searches.waiting,
    counts: counts.waiting,
  });
  metrics.registerPoolGauge(
    "database_breaker_open",
    "1 while the circuit breaker is open because the database cannot be reached",
    {
      pages: pages.isBreakerOpen,
      searches: searches.isBreakerOpen,
      counts: counts.isBreakerOpen,
    },
  );
}

interface Observers {
  readonly metrics: Metrics | null;
  readonly tracer: Tracer | null;
}

/** Returns the reads with spans and counts, or unchanged if both are off. */
export function observeReads<R extends Reads>(reads: R, { metrics, tracer }: Observers): R {
  const traced = tracer === null ? reads : traceReads(tracer, reads);
  return metrics === null ? traced : watchReads(metrics, traced);
}

/** Returns the reads with those that a limit refuses counted. */
function watchReads<R extends Reads>(metrics: Metrics, reads: R): R {
  const watched = <P extends Pool>(pool: P): P => ({
    ...pool,
    read: (deadline, statement, tasks) =>
      pool.read(deadline, statement, tasks).catch((error: unknown) => {
        const limit = limitOf(error);
        if (limit !== null && !deadline.isAbandoned) metrics.countRejection(limit);
        throw error;
      }),
  });
  return { ...watched(reads), searches: watched(reads.searches), counts: watched(reads.counts) };
}

/** Returns null for an error that the database returned. */
function limitOf(error: unknown): Limit | null {
  if (!(error instanceof Failure)) return null;
  if (error.kind === "TIMEOUT") return "timeout";
  if (error.kind !== "UNAVAILABLE") return null;
  if (error.cause instanceof BrokenCircuitError) return "breaker";
  const isOverload = [BulkheadRejectedError, WaitedTooLong].some((kind) => error.cause instanceof kind);
  return isOverload ? "overload" : null;
}

/** Observes the size of each batch of the email loader. */
export function watchEmailBatches(metrics: Metrics, queries: EmailQueries): EmailQueries {
  return {
    ...queries,
    findEmailsByIds(ids, deadline) {
      metrics.observeEmailBatch(ids.length);
      return queries.findEmailsByIds(ids, deadline);
    },
  };
}
