import type { Worker } from "node:cluster";
import { AggregatorRegistry, Counter, Gauge, Registry } from "prom-client";
import { countDroppedLogLines, type MetricsSnapshot, reportVersion } from "./metrics.ts";

/** A worker that hangs is shown by what it said last. */
const WORKER_TIMEOUT_MS = 1000;

export interface MetricsRequest {
  readonly metricsWanted: number;
}
export interface MetricsReply {
  readonly metricsOf: number;
  readonly snapshot: MetricsSnapshot;
}

/**
 * One set of metrics for all workers. prom-client's own cluster support would ask workers that do not listen yet, answer
 * nothing at all when one of them is slow, and let the sums drop when one ends, which Prometheus takes for a restart.
 */
export function createClusterMetrics() {
  const latest = new Map<Worker, MetricsSnapshot>();
  const waiting = new Map<number, (answer: MetricsSnapshot) => void>();
  let ofTheEnded: MetricsSnapshot = [];
  let questions = 0;

  const own = new Registry();
  new Gauge({
    name: "workers_serving",
    help: "Processes that serve the port",
    registers: [own],
    collect() {
      this.set(latest.size);
    },
  });
  const ends = new Counter({ name: "worker_ends_total", help: "Workers that ended unasked", registers: [own] });

  countDroppedLogLines(own);
  reportVersion(own);

  async function ask(worker: Worker): Promise<void> {
    questions += 1;
    const metricsWanted = questions;
    const snapshot = await new Promise<MetricsSnapshot | undefined>((resolve) => {
      const timer = setTimeout(resolve, WORKER_TIMEOUT_MS, undefined);
      waiting.set(metricsWanted, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      worker.send({ metricsWanted } satisfies MetricsRequest, (error) => error && resolve(undefined));
    });
    waiting.delete(metricsWanted);
    if (snapshot !== undefined && latest.has(worker)) latest.set(worker, snapshot);
  }

  return {
    /** To be called once it serves: what is sent to a process that does not listen yet is lost. */
    add(worker: Worker): void {
      latest.set(worker, []);
      worker.on("message", (message: Partial<MetricsReply>) => {
        if (message.snapshot !== undefined) waiting.get(message.metricsOf ?? 0)?.(message.snapshot);
      });
    },
    /** Keeps what it counted until it was last asked. */
    async remove(worker: Worker): Promise<void> {
      const counted = (latest.get(worker) ?? []).filter(({ type }) => String(type) !== "gauge");
      latest.delete(worker);
      ends.inc();
      ofTheEnded = await aggregate([ofTheEnded, counted]).getMetricsAsJSON();
    },
    async text(): Promise<string> {
      await Promise.all([...latest.keys()].map(ask));
      return aggregate([...latest.values(), ofTheEnded, await own.getMetricsAsJSON()]).metrics();
    },
  };
}

function aggregate(snapshots: readonly MetricsSnapshot[]): Registry {
  return AggregatorRegistry.aggregate([...snapshots]);
}
