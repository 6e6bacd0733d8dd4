import type { Worker } from "node:cluster";
import { AggregatorRegistry, Counter, Gauge, Registry } from "prom-client";
import { countDroppedLogLines, type MetricsSnapshot, reportVersion } from "./metrics.ts";

/** A worker that does not reply in time is shown with its previous metrics. */
const WORKER_TIMEOUT_MS = 1000;

export interface MetricsRequest {
  readonly metricsWanted: number;
}
export interface MetricsReply {
  readonly metricsOf: number;
  readonly snapshot: MetricsSnapshot;
}

/**
 * Adds up the metrics of all workers. prom-client's own cluster support fails if one worker is slow or does not listen yet,
 * and its counters fall when a worker ends, which Prometheus takes for a restart.
 */
export function createClusterMetrics() {
  const latest = new Map<Worker, MetricsSnapshot>();
  const waiting = new Map<number, (reply: MetricsSnapshot) => void>();
  let ofEndedWorkers: MetricsSnapshot = [];
  let requests = 0;

  const own = new Registry();
  new Gauge({
    name: "workers_serving",
    help: "Worker processes that serve requests",
    registers: [own],
    collect() {
      this.set(latest.size);
    },
  });
  const ends = new Counter({ name: "worker_ends_total", help: "Workers that ended unexpectedly", registers: [own] });

  countDroppedLogLines(own);
  reportVersion(own);

  async function refresh(worker: Worker): Promise<void> {
    requests += 1;
    const metricsWanted = requests;
    const snapshot = await new Promise<MetricsSnapshot | undefined>((resolve) => {
      const timer = setTimeout(resolve, WORKER_TIMEOUT_MS, undefined);
      waiting.set(metricsWanted, (reply) => {
        clearTimeout(timer);
        resolve(reply);
      });
      worker.send({ metricsWanted } satisfies MetricsRequest, (error) => error && resolve(undefined));
    });
    waiting.delete(metricsWanted);
    if (snapshot !== undefined && latest.has(worker)) latest.set(worker, snapshot);
  }

  return {
    /** Call this when the worker serves, because messages to a worker that does not listen yet are lost. */
    add(worker: Worker): void {
      latest.set(worker, []);
      worker.on("message", (message: Partial<MetricsReply>) => {
        if (message.snapshot !== undefined) waiting.get(message.metricsOf ?? 0)?.(message.snapshot);
      });
    },
    /** Keeps the counts of its last reply. */
    async remove(worker: Worker): Promise<void> {
      const counted = (latest.get(worker) ?? []).filter(({ type }) => String(type) !== "gauge");
      latest.delete(worker);
      ends.inc();
      ofEndedWorkers = await aggregate([ofEndedWorkers, counted]).getMetricsAsJSON();
    },
    async text(): Promise<string> {
      await Promise.all([...latest.keys()].map(refresh));
      return aggregate([...latest.values(), ofEndedWorkers, await own.getMetricsAsJSON()]).metrics();
    },
  };
}

function aggregate(snapshots: readonly MetricsSnapshot[]): Registry {
  return AggregatorRegistry.aggregate([...snapshots]);
}
