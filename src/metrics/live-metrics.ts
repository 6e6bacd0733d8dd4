import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** How watchers receive events: two transports of subscriptions, REST events, and requests that wait for a change. */
const STREAM_KINDS = ["sse", "websocket", "events", "wait"] as const;
export type StreamKind = (typeof STREAM_KINDS)[number];

export interface LiveReadings {
  readonly streams: (kind: StreamKind) => number;
  readonly sockets: () => number;
  readonly watchedTasks: () => number;
}

/** A look takes place each second. */
const LAG_BUCKETS_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Adds the metrics of live updates. */
export function registerLive(registry: Registry) {
  const registers = [registry];
  const events = new Counter({
    name: "live_events_total",
    help: "Events sent to watchers, by kind of stream",
    labelNames: ["kind"],
    registers,
  });
  const lag = new Histogram({
    name: "live_event_lag_seconds",
    help: "Time from the statement that found a change to the event at the socket, by kind of stream",
    labelNames: ["kind"],
    buckets: LAG_BUCKETS_S,
    registers,
  });
  const looks = new Counter({
    name: "live_looks_total",
    help: "Statements that look for changes of all watched tasks, by result",
    labelNames: ["result"],
    registers,
  });
  for (const kind of STREAM_KINDS) events.inc({ kind }, 0);
  for (const result of ["ok", "failed"]) looks.inc({ result }, 0);

  function gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  }
  return {
    watchLive({ streams, sockets, watchedTasks }: LiveReadings): void {
      new Gauge({
        name: "live_streams",
        help: "Open subscriptions, event streams and requests that wait for a change, by kind",
        labelNames: ["kind"],
        registers,
        collect() {
          for (const kind of STREAM_KINDS) this.set({ kind }, streams(kind));
        },
      });
      gauge("live_sockets", "Open WebSocket connections", sockets);
      gauge("live_watched_tasks", "Tasks with at least one watcher", watchedTasks);
    },
    /** The lag is null for an event that no change has caused. */
    countLiveEvent(kind: StreamKind, lagSeconds: number | null): void {
      events.inc({ kind });
      if (lagSeconds !== null) lag.observe({ kind }, lagSeconds);
    },
    countLiveLook: (isSuccessful: boolean) => looks.inc({ result: isSuccessful ? "ok" : "failed" }),
  };
}
