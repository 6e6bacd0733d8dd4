import cluster from "node:cluster";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { openApp } from "../app.ts";
import type { Config } from "../config.ts";
import { type OpenDatabase, openDatabase } from "../db/client.ts";
import { type OpenReplicas, openReplicas } from "../db/replicas/open-replicas.ts";
import { openMetricsServer } from "../http/metrics-endpoint.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { StartedDatabase } from "./start-database.ts";
import { StartError } from "./start-error.ts";

export interface StartedServer {
  /** The address that it listens on, such as `http://127.0.0.1:4000`. */
  readonly origin: string;
  /** Closes the HTTP server before the database pool, so that running requests can finish. */
  readonly close: () => Promise<void>;
}

export type ServedDatabase = Pick<StartedDatabase, "url" | "demo">;

/** A process that serves requests. The parent of a worker reads its metrics. */
export interface ServingProcess extends StartedServer {
  readonly metrics: Metrics | null;
}

export async function startServer(config: Config, { url, demo }: ServedDatabase, log: Log): Promise<ServingProcess> {
  const database = openDatabase({ ...poolOptions(config), url });
  let replicas: OpenReplicas | null = null;
  try {
    replicas = await startReplicas(config, database, log);
    const app = await openApp(config, {
      database,
      replicas,
      log,
      ...(demo === null ? {} : { demo: { apiKey: demo.userKey, taskId: demo.taskId } }),
    });
    const { metrics } = app;
    const metricsServer =
      metrics === null || cluster.isWorker ? null : await startMetricsServer(config, metrics.text, log);
    await listen(app.server, config).catch(async (error) => {
      await metricsServer?.close();
      throw error;
    });
    return {
      origin: originOf(app.server.address() as AddressInfo),
      metrics,
      async close() {
        await app.close();
        await replicas?.close();
        await database.close();
        await metricsServer?.close();
      },
    };
  } catch (error) {
    await replicas?.close();
    await database.close();
    throw error;
  }
}

function poolOptions(config: Config) {
  return {
    maxConnections: config.databasePoolSize,
    preparedStatements: config.preparedStatements,
    statementTimeoutMs: config.statementTimeoutMs,
  };
}

/** Returns null without replicas, so that the requests of a single server cost nothing more. */
export async function startReplicas(config: Config, database: OpenDatabase, log: Log): Promise<OpenReplicas | null> {
  const { databaseUrl, replicaUrls, maxReplicaLagMs } = config;
  if (databaseUrl === null || replicaUrls.length === 0) return null;
  return await openReplicas(database, {
    primaryUrl: databaseUrl,
    replicaUrls,
    maxLagMs: maxReplicaLagMs,
    pools: poolOptions(config),
    onChange: ({ replica, reason, lagMs }) => {
      if (reason === null) log.info({ replica, lagMs: Math.round(lagMs) }, "a replica answers requests");
      else log.warn({ replica, reason }, "a replica answers no requests");
    },
  });
}

/** Returns null if the metrics have no separate port. */
export async function startMetricsServer({ metrics }: Config, readMetrics: () => Promise<string>, log: Log) {
  if (metrics === null || metrics.port === null) return null;
  const { host, port } = metrics;
  const server = await openMetricsServer(metrics, readMetrics).catch(({ code = "" }: NodeJS.ErrnoException) => {
    const reason = describeListenError({ code, port: "METRICS_PORT", host: "METRICS_HOST" });
    throw new StartError(`Cannot serve metrics on ${host}:${port}: ${reason}`);
  });
  log.info({ host, port: server.port }, "metrics are served");
  return server;
}

function listen(server: Server, { port, host }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", ({ code = "" }: NodeJS.ErrnoException) => {
      const reason = describeListenError({ code, port: "PORT", host: "HOST" });
      reject(new StartError(`Cannot listen on ${host}:${port}: ${reason}`));
    });
    server.listen(port, host, resolve);
  });
}

/** Says why listening failed, and which of the two settings to change. */
function describeListenError({ code, port, host }: { code: string; port: string; host: string }): string {
  if (code === "EADDRINUSE") return `another program listens there. Stop it, or choose another ${port}.`;
  if (code === "EACCES") return `this user may not use this port. Choose a ${port} above 1023.`;
  if (code === "EADDRNOTAVAIL") return `this machine has no such address. Choose another ${host}.`;
  if (code === "ENOTFOUND") return `there is no such host name. Choose another ${host}.`;
  return code;
}

function originOf({ address, family, port }: AddressInfo): string {
  const isAnyAddress = address === "0.0.0.0" || address === "::";
  if (isAnyAddress) return `http://localhost:${port}`;
  return family === "IPv6" ? `http://[${address}]:${port}` : `http://${address}:${port}`;
}
