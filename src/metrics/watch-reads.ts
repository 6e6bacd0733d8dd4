import { BrokenCircuitError, BulkheadRejectedError } from "cockatiel";
import type { OpenDatabase } from "../db/client.ts";
import { WaitedTooLong } from "../db/faults.ts";
import type { EmailQueries } from "../email/email.queries.ts";
import { Failure } from "../errors.ts";
import type { Limit, Metrics } from "./metrics.ts";

/** The same database, with its queue in the gauges and every read that was turned away counted. */
export function watchReads(metrics: Metrics, database: OpenDatabase): OpenDatabase {
  const { underWay, waiting, isBreakerOpen } = database.gauges;
  metrics.registerGauge("database_reads_under_way", "Reads that hold a connection of the pool", underWay);
  metrics.registerGauge("database_reads_waiting", "Reads that wait for a connection of the pool", waiting);
  metrics.registerGauge("database_breaker_open", "1 while an unreachable database is left alone", isBreakerOpen);
  return {
    ...database,
    read: (deadline, statement) =>
      database.read(deadline, statement).catch((error: unknown) => {
        const limit = limitOf(error);
        if (limit !== null) metrics.countRejection(limit);
        throw error;
      }),
  };
}

/** Null for what the database itself answered. */
function limitOf(error: unknown): Limit | null {
  if (!(error instanceof Failure)) return null;
  if (error.kind === "TIMEOUT") return "timeout";
  if (error.kind !== "UNAVAILABLE") return null;
  if (error.cause instanceof BrokenCircuitError) return "breaker";
  const isOverload = [BulkheadRejectedError, WaitedTooLong].some((kind) => error.cause instanceof kind);
  return isOverload ? "overload" : null;
}

/** Every call is one batch of a loader. */
export function watchEmailBatches(metrics: Metrics, queries: EmailQueries): EmailQueries {
  return {
    ...queries,
    findEmailsByIds(ids, deadline) {
      metrics.observeEmailBatch(ids.length);
      return queries.findEmailsByIds(ids, deadline);
    },
  };
}
