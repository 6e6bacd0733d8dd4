import { Counter, Gauge, type Registry } from "prom-client";
import type { OpenReplicas } from "../db/replicas/open-replicas.ts";

export type WatchedReplicas = Pick<OpenReplicas, "readings" | "answered">;

/** The readings are taken for each scrape. The gauges of several workers are not added up: the worst one is shown. */
export function registerReplicas(registry: Registry, { readings, answered }: WatchedReplicas): void {
  const registers = [registry];
  const label = { labelNames: ["replica"], registers } as const;
  new Gauge({
    ...label,
    name: "replica_lag_seconds",
    help: "Time since the replica was known to contain every commit of the primary",
    aggregator: "max",
    collect() {
      for (const replica of readings) this.set({ replica: replica.name }, replica.lagSeconds());
    },
  });
  new Gauge({
    ...label,
    name: "replica_used",
    help: "1 while the replica may answer requests",
    aggregator: "min",
    collect() {
      for (const replica of readings) this.set({ replica: replica.name }, replica.isUsed());
    },
  });
  new Counter({
    name: "replica_failovers_total",
    help: "Requests whose reads failed at the replica, so that the primary answered them",
    ...label,
    collect() {
      this.reset();
      for (const replica of readings) this.inc({ replica: replica.name }, replica.failovers());
    },
  });
  new Counter({
    name: "requests_by_server_total",
    help: "Requests by the database server that answered their reads",
    labelNames: ["server"],
    registers,
    collect() {
      this.reset();
      for (const [server, requests] of answered) this.inc({ server }, requests);
    },
  });
}
