import { Counter, Gauge, Histogram, type Registry } from "prom-client";

export interface LiveReadings {
  readonly streams: () => number;
  readonly watchedTasks: () => number;
}

/** A look takes place each second. */
const LAG_BUCKETS_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Adds the metrics of live updates. */
export function registerLive(registry: Registry) {
  const registers = [registry];
  const events = new Counter({ name: "live_events_total", help: "Events sent to watchers", registers });
  const lag = new Histogram({
    name: "live_event_lag_seconds",
    help: "Time from the statement that found a change to the event at the socket",
    buckets: LAG_BUCKETS_S,
    registers,
  });
  const looks = new Counter({
    name: "live_looks_total",
    help: "Statements that look for changes of all watched tasks, by result",
    labelNames: ["result"],
    registers,
  });
  for (const result of ["ok", "failed"]) looks.inc({ result }, 0);
  return {
    watchLive({ streams, watchedTasks }: LiveReadings): void {
      new Gauge({
        name: "live_streams",
        help: "Open event streams and requests that wait for a change",
        registers,
        collect() {
          this.set(streams());
        },
      });
      new Gauge({
        name: "live_watched_tasks",
        help: "Tasks with at least one watcher",
        registers,
        collect() {
          this.set(watchedTasks());
        },
      });
    },
    /** The lag is null for an event that no change has caused. */
    countLiveEvent(lagSeconds: number | null): void {
      events.inc();
      if (lagSeconds !== null) lag.observe(lagSeconds);
    },
    countLiveLook: (isSuccessful: boolean) => looks.inc({ result: isSuccessful ? "ok" : "failed" }),
  };
}
