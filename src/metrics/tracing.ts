import { ProxyTracerProvider, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import type { Pool, Reads } from "../db/reads/reads.ts";
import { programVersion } from "../values/version.ts";

const NAME = "task-jobs-api";

/** Returns null unless an SDK of OpenTelemetry is registered (`--import`), so that requests cost nothing without one. */
export function findTracer(): Tracer | null {
  const provider = trace.getTracerProvider();
  // The API returns a proxy of its own until an SDK is registered. An SDK with another copy of the API has its own class.
  if (!(provider instanceof ProxyTracerProvider)) return provider.getTracer(NAME, programVersion());
  return provider.getDelegateTracer(NAME, programVersion()) ?? null;
}

/** Ends the span with the work. A failure sets only the status, because messages of errors may contain rows and parameters. */
export async function runInSpan<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

/** Returns the reads with a span around each statement of a request. A span has no SQL and no parameters. */
export function traceReads<R extends Reads>(tracer: Tracer, reads: R): R {
  const traced = <P extends Pool>(pool: P, name: string): P => ({
    ...pool,
    read: (deadline, statement, tasks) => {
      // The statements that look for changes belong to no request.
      if (trace.getActiveSpan() === undefined) return pool.read(deadline, statement, tasks);
      const attributes = { "db.system.name": "postgresql", "task_jobs.pool": name };
      const span = tracer.startSpan(`postgresql ${name}`, { kind: SpanKind.CLIENT, attributes });
      return runInSpan(span, () => pool.read(deadline, statement, tasks));
    },
  });
  return {
    ...traced(reads, "pages"),
    searches: traced(reads.searches, "searches"),
    counts: traced(reads.counts, "counts"),
  };
}
