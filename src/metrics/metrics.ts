import {
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from "prom-client";
import { droppedLogLines } from "../log.ts";
import { programVersion } from "../values/version.ts";

/** What a process has counted, as it goes to its parent. */
export type MetricsSnapshot = MetricObjectWithValues<MetricValue<string>>[];

/** Each of these is set by us: a label that a caller could choose would grow without end, and tell who asked. */
export interface MeasuredRequest {
  readonly door: "rest" | "graphql" | "health" | "graphiql" | "metrics" | "unknown";
  /** A route's pattern, or a field of the schema. */
  readonly operation: string;
  /** The HTTP status, or `aborted` when the caller left before the answer. */
  readonly status: string;
  readonly seconds: number;
}

/** Which of our limits turned a request away. */
export type Limit = "rate" | "query" | "overload" | "breaker" | "timeout" | "unread";
const LIMITS: readonly Limit[] = ["rate", "query", "overload", "breaker", "timeout", "unread"];

type PoolName = "pages" | "searches" | "counts" | "exports";

/** A page from memory takes 1 ms, a request is given up after 2 s. */
const DURATION_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const BATCH_BUCKETS = [1, 2, 5, 10, 25, 50, 100];

export type Metrics = ReturnType<typeof createMetrics>;

/** Counts for one process. Collects from the moment it is opened, so whoever wants no metrics opens none. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  reportWorstEventLoop(registry);

  const requests = new Counter({
    name: "http_requests_total",
    help: "Answers, by door, operation and HTTP status",
    labelNames: ["door", "operation", "status"],
    registers,
  });
  const durations = new Histogram({
    name: "http_request_duration_seconds",
    help: "From the parsed headers of a request to the end of its answer",
    labelNames: ["door", "operation"],
    buckets: DURATION_BUCKETS_S,
    registers,
  });
  const graphqlErrors = new Counter({
    name: "graphql_errors_total",
    help: "Errors in GraphQL answers by code; the HTTP status of such an answer may be 200",
    labelNames: ["code"],
    registers,
  });
  const rejections = new Counter({
    name: "rejected_requests_total",
    help: "Requests that one of our limits turned away",
    labelNames: ["limit"],
    registers,
  });
  for (const limit of LIMITS) rejections.inc({ limit }, 0);
  countDroppedLogLines(registry);
  reportVersion(registry);
  const emailBatches = new Histogram({
    name: "email_batch_size",
    help: "Ids in one batch of the email loader; pages that bring their emails along need none",
    buckets: BATCH_BUCKETS,
    registers,
  });

  return {
    observeRequest({ door, operation, status, seconds }: MeasuredRequest): void {
      requests.inc({ door, operation, status });
      durations.observe({ door, operation }, seconds);
    },
    /** Of what was no request, so that it reached no door and has no duration. */
    countRefusal: (status: string) => requests.inc({ door: "unknown", operation: "none", status }),
    countGraphqlError: (code: string) => graphqlErrors.inc({ code }),
    countRejection: (limit: Limit) => rejections.inc({ limit }),
    observeEmailBatch: (ids: number) => emailBatches.observe(ids),
    /** Read when somebody asks for the metrics; the workers' values are added up. */
    registerPoolGauge(name: string, help: string, readings: Readonly<Partial<Record<PoolName, () => number>>>): void {
      new Gauge({
        name,
        help,
        labelNames: ["pool"],
        registers,
        collect() {
          for (const [pool, read] of Object.entries(readings)) this.set({ pool }, read());
        },
      });
    },
    /** In Prometheus' text format. */
    text: () => registry.metrics(),
    snapshot: (): Promise<MetricsSnapshot> => registry.getMetricsAsJSON(),
  };
}

/** The number for this process; the parent and each worker count their own. */
export function countDroppedLogLines(registry: Registry): void {
  new Counter({
    name: "log_lines_dropped_total",
    help: "Log lines that could not be written",
    registers: [registry],
    collect() {
      this.reset();
      this.inc(droppedLogLines());
    },
  });
}

/** The value is always 1. The parent and its workers report one series, so the first value is taken instead of the sum. */
export function reportVersion(registry: Registry): void {
  new Gauge({
    name: "build_info",
    help: "The version of the running program; the value is always 1",
    labelNames: ["version"],
    aggregator: "first",
    registers: [registry],
  }).set({ version: programVersion() }, 1);
}

/** prom-client averages the workers' lags, and one that hangs would look half as bad. */
function reportWorstEventLoop(registry: Registry): void {
  for (const metric of registry.getMetricsAsArray()) {
    if (metric.name.startsWith("nodejs_eventloop_lag")) (metric as { aggregator?: string }).aggregator = "max";
  }
}
