import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import { RateLimiterClusterMaster } from "rate-limiter-flexible";
import type { Config } from "../config.ts";
import type { Log } from "../log.ts";
import { createClusterMetrics, type MetricsReply, type MetricsRequest } from "../metrics/cluster-metrics.ts";
import { StartError } from "./start-error.ts";
import {
  type ServedDatabase,
  type ServingProcess,
  type StartedServer,
  startMetricsServer,
  startServer,
} from "./start-server.ts";
import { exit, stopOnce, stopOnUncaught } from "./stop.ts";

/** A worker that dies as soon as it begins may not keep a core busy with being replaced. */
const RESTART_DELAY_MS = 1000;

type FromParent = { readonly serve: ServedDatabase } | MetricsRequest;
/** It speaks first: what is sent to a process that does not listen yet is lost. */
type FromWorker = { readonly listening: true } | { readonly origin: string } | { readonly fault: string };

/** The same server in several processes behind one port; a worker that dies is replaced. */
export async function startWorkers(config: Config, { url, demo }: ServedDatabase, log: Log): Promise<StartedServer> {
  const workers = new Set<Worker>();
  const metrics = config.metrics === null ? null : createClusterMetrics();
  const metricsServer = metrics && (await startMetricsServer(config, metrics.text, log));
  // The workers' limit is counted here: a limit of each worker's own would be as many times as high.
  if (config.rateLimit?.store === "memory") new RateLimiterClusterMaster();
  let stopping = false;

  async function startWorker(): Promise<string> {
    const worker = cluster.fork();
    workers.add(worker);
    worker.on("exit", (code, signal) => {
      workers.delete(worker);
      if (stopping) return;
      void metrics?.remove(worker);
      log.error({ worker: worker.process.pid, code, signal }, "worker ended, starting another");
      setTimeout(
        () => stopping || startWorker().catch((error) => log.error({ err: error }, "no worker")),
        RESTART_DELAY_MS,
      );
    });
    await nextWord(worker);
    worker.send({ serve: { url, demo } } satisfies FromParent);
    const word = await nextWord(worker);
    if ("origin" in word) {
      metrics?.add(worker);
      return word.origin;
    }
    throw new StartError("fault" in word ? word.fault : "a worker lost its way");
  }

  async function close(): Promise<void> {
    stopping = true;
    await Promise.all(
      [...workers].map(async (worker) => {
        const ended = once(worker, "exit");
        // A signal, not a message: that would be lost on a worker that still loads.
        worker.process.kill("SIGTERM");
        await ended;
      }),
    );
    await metricsServer?.close();
  }

  try {
    const origins = await Promise.all(Array.from({ length: config.workers }, startWorker));
    return { origin: origins[0] ?? "", close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Passes over what else a worker sends: metrics, and what it counts for the rate limit. */
async function nextWord(worker: Worker): Promise<FromWorker> {
  const heard = new Promise<[FromWorker]>((resolve) => {
    worker.on("message", function listen(message: object) {
      if (!["listening", "origin", "fault"].some((word) => word in message)) return;
      worker.off("message", listen);
      resolve([message as FromWorker]);
    });
  });
  const ended = once(worker, "exit").then(([code]) => {
    throw new StartError(`a worker ended with ${code} before it served`);
  });
  const [word] = await Promise.race([heard, ended]);
  return word;
}

/** A worker's whole life: serves what its parent tells it, until told to stop or left alone. */
export function runWorker(config: Config, log: Log): void {
  // Ctrl-C reaches the whole group; the parent then ends each worker in its own time.
  process.on("SIGINT", () => {});
  let server: ServingProcess | undefined;
  const stop = stopOnce(log, async () => server?.close());
  process.on("SIGTERM", () => stop(0));
  process.on("disconnect", () => stop(0));
  stopOnUncaught(log, () => stop(1));
  process.on("message", async (message: FromParent) => {
    if ("metricsWanted" in message) {
      const snapshot = (await server?.metrics?.snapshot()) ?? [];
      process.send?.({ metricsOf: message.metricsWanted, snapshot } satisfies MetricsReply);
    }
    if (!("serve" in message)) return;
    try {
      server = await startServer(config, message.serve, log);
      process.send?.({ origin: server.origin } satisfies FromWorker);
    } catch (error) {
      process.send?.({ fault: (error as Error).message } satisfies FromWorker, () => void exit(1));
    }
  });
  process.send?.({ listening: true } satisfies FromWorker);
}
