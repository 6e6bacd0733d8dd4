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

/** Keeps a worker that fails at its start from occupying a core with restarts. */
const RESTART_DELAY_MS = 1000;

type MessageToWorker = { readonly serve: ServedDatabase } | MetricsRequest;
/** A worker first sends `listening`, because a message to a worker that does not listen yet is lost. */
type MessageFromWorker = { readonly listening: true } | { readonly origin: string } | { readonly startError: string };

/** Runs the server in several processes on one port, and replaces a worker that ends. */
export async function startWorkers(config: Config, { url, demo }: ServedDatabase, log: Log): Promise<StartedServer> {
  const workers = new Set<Worker>();
  const metrics = config.metrics === null ? null : createClusterMetrics();
  const metricsServer = metrics && (await startMetricsServer(config, metrics.text, log));
  // Counts the requests of all workers. With a limiter in each worker, the limit would apply once per worker.
  if (config.rateLimit?.store === "memory") new RateLimiterClusterMaster();
  let stopping = false;

  function replaceLater(): void {
    setTimeout(() => {
      if (stopping) return;
      startWorker().catch((error) => {
        if (!stopping) log.error({ err: error }, "a worker could not be started");
      });
    }, RESTART_DELAY_MS);
  }

  async function startWorker(): Promise<string> {
    const worker = cluster.fork();
    workers.add(worker);
    worker.on("exit", (code, signal) => {
      workers.delete(worker);
      if (stopping) return;
      void metrics?.remove(worker);
      log.error({ worker: worker.process.pid, code, signal }, "worker ended, starting another");
      replaceLater();
    });
    await nextMessage(worker);
    worker.send({ serve: { url, demo } } satisfies MessageToWorker);
    const message = await nextMessage(worker);
    if (!("origin" in message)) {
      throw new StartError("startError" in message ? message.startError : "a worker did not report its address");
    }
    metrics?.add(worker);
    return message.origin;
  }

  async function stopWorker(worker: Worker): Promise<void> {
    const ended = once(worker, "exit");
    // Sent as a signal, because a message to a worker that still loads is lost.
    worker.process.kill("SIGTERM");
    await ended;
  }

  async function close(): Promise<void> {
    stopping = true;
    await Promise.all([...workers].map(stopWorker));
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

/** Returns the next message about the start of a worker. Messages of metrics and of the rate limit are skipped. */
async function nextMessage(worker: Worker): Promise<MessageFromWorker> {
  const received = new Promise<MessageFromWorker>((resolve) => {
    worker.on("message", function listen(message: object) {
      if (!["listening", "origin", "startError"].some((key) => key in message)) return;
      worker.off("message", listen);
      resolve(message as MessageFromWorker);
    });
  });
  const ended = once(worker, "exit").then(([code]) => {
    throw new StartError(`a worker ended with code ${code} before it served requests`);
  });
  return Promise.race([received, ended]);
}

/** Runs this process as a worker: serves when the parent says so, until a signal or the end of the parent. */
export function runWorker(config: Config, log: Log): void {
  // Ctrl-C reaches all processes of the terminal, but the parent decides when each worker stops.
  process.on("SIGINT", () => {});
  let server: ServingProcess | undefined;
  const stop = stopOnce(log, async () => server?.close());
  process.on("SIGTERM", () => stop(0));
  process.on("disconnect", () => stop(0));
  stopOnUncaught(log, () => stop(1));
  process.on("message", async (message: MessageToWorker) => {
    if ("metricsWanted" in message) {
      const snapshot = (await server?.metrics?.snapshot()) ?? [];
      process.send?.({ metricsOf: message.metricsWanted, snapshot } satisfies MetricsReply);
    }
    if (!("serve" in message)) return;
    try {
      server = await startServer(config, message.serve, log);
      process.send?.({ origin: server.origin } satisfies MessageFromWorker);
    } catch (error) {
      const startError = error instanceof Error ? error.message : String(error);
      process.send?.({ startError } satisfies MessageFromWorker, () => void exit(1));
    }
  });
  process.send?.({ listening: true } satisfies MessageFromWorker);
}
