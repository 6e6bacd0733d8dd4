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
import { registerLive } from "./live-metrics.ts";
import { registerReplicas, type WatchedReplicas } from "./replica-metrics.ts";

/** The metrics of one process in the form in which a worker sends them to its parent process. */
export type MetricsSnapshot = MetricObjectWithValues<MetricValue<string>>[];

/** The values of the label `door`. */
export type Endpoint = "rest" | "graphql" | "websocket" | "health" | "graphiql" | "pages" | "metrics" | "unknown";

/** The labels of a request. Callers cannot choose their values, so that their number is limited and they identify no caller. */
interface MeasuredRequest {
  readonly endpoint: Endpoint;
  /** The pattern of a route, or a root field of the schema. */
  readonly operation: string;
  /** The HTTP status, or `aborted` if the client disconnected before the end of the response. */
  readonly status: string;
  /** Null for a stream. */
  readonly seconds: number | null;
}

/** The limit that refused a request. */
export type Limit = "rate" | "query" | "overload" | "breaker" | "timeout" | "unread" | "streams";
const LIMITS: readonly Limit[] = ["rate", "query", "overload", "breaker", "timeout", "unread", "streams"];

type PoolName = "pages" | "searches" | "counts" | "exports";

/** A page that PostgreSQL has in memory takes 1 ms. The default `REQUEST_TIMEOUT_MS` is 1.9 s. */
const DURATION_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const BATCH_BUCKETS = [1, 2, 5, 10, 25, 50, 100];

export type Metrics = ReturnType<typeof createMetrics>;

/** Creates the metrics of one process. Collecting costs CPU time, so do not call this function if metrics are off. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  reportWorstEventLoop(registry);

  const requests = new Counter({
    name: "http_requests_total",
    help: "Responses by endpoint (label door), operation and HTTP status",
    labelNames: ["door", "operation", "status"],
    registers,
  });
  const durations = new Histogram({
    name: "http_request_duration_seconds",
    help: "Time from the parsed headers of a request to the end of its response",
    labelNames: ["door", "operation"],
    buckets: DURATION_BUCKETS_S,
    registers,
  });
  const graphqlErrors = new Counter({
    name: "graphql_errors_total",
    help: "Errors in GraphQL responses by code; such a response may have the HTTP status 200",
    labelNames: ["code"],
    registers,
  });
  const documents = new Counter({
    name: "graphql_documents_total",
    help: "Executed GraphQL documents, if there are trusted ones: by source (trusted or text) and name of the operation",
    labelNames: ["source", "operation"],
    registers,
  });
  const rejections = new Counter({
    name: "rejected_requests_total",
    help: "Requests that a limit of this server refused",
    labelNames: ["limit"],
    registers,
  });
  for (const limit of LIMITS) rejections.inc({ limit }, 0);
  countDroppedLogLines(registry);
  reportVersion(registry);
  const emailBatches = new Histogram({
    name: "email_batch_size",
    help: "Ids in one batch of the email loader",
    buckets: BATCH_BUCKETS,
    registers,
  });

  return {
    observeRequest({ endpoint, operation, status, seconds }: MeasuredRequest): void {
      requests.inc({ door: endpoint, operation, status });
      if (seconds !== null) durations.observe({ door: endpoint, operation }, seconds);
    },
    /** Counts a malformed request, which reached no endpoint and has no duration. */
    countRefusal: (status: string) => requests.inc({ door: "unknown", operation: "none", status }),
    countGraphqlError: (code: string) => graphqlErrors.inc({ code }),
    /** Callers cannot choose the labels: the operation has its name in the manifest. */
    countDocument: (labels: { readonly source: string; readonly operation: string }) => documents.inc({ ...labels }),
    countRejection: (limit: Limit) => rejections.inc({ limit }),
    observeEmailBatch: (ids: number) => emailBatches.observe(ids),
    /** The readings are taken for each scrape. Those of several workers are added up. */
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
    ...registerLive(registry),
    registerReplicas: (replicas: WatchedReplicas) => registerReplicas(registry, replicas),
    /** Returns the metrics in the text format of Prometheus. */
    text: () => registry.metrics(),
    snapshot: (): Promise<MetricsSnapshot> => registry.getMetricsAsJSON(),
  };
}

/** Adds the number of log lines that this process could not write. */
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

/** Reports the largest lag of all workers. The default of prom-client, their average, would hide a worker that hangs. */
function reportWorstEventLoop(registry: Registry): void {
  for (const metric of registry.getMetricsAsArray()) {
    if (metric.name.startsWith("nodejs_eventloop_lag")) (metric as { aggregator?: string }).aggregator = "max";
  }
}
