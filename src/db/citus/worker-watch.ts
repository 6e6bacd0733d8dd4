import type { Sql } from "postgres";
import { isUnreachable } from "../faults.ts";
import type { TaskScope } from "../reads/reads.ts";
import { readShardMap, type ShardMap, type Worker } from "./shard-map.ts";

/** An old map causes no wrong rows: the reads of a shard that has moved only count against the limit of the former worker. */
const MAP_MAX_AGE_MS = 5000;
export const PROBE_TIMEOUT_MS = 400;
const PROBE_INTERVAL_MS = 300;
/** More than one, because a probe may fail on a busy machine. */
const FAILURES_THAT_MEAN_DOWN = 2;
/** Ids of tasks that need not exist, for probes. They are enough to find one for a worker with one of a hundred shards. */
export const PROBED_IDS: readonly string[] = Array.from(
  { length: 1000 },
  (_, index) => `00000000-0000-4000-8000-${index.toString(16).padStart(12, "0")}`,
);

type WorkerListener = (worker: Worker, isDown: boolean) => void;
export type WorkerWatch = ReturnType<typeof openWorkerWatch>;

/**
 * Knows which worker of a Citus cluster has a task, and which workers do not answer. It connects at the first `detect`, so
 * that a server on PostgreSQL without Citus does nothing.
 */
export function openWorkerWatch(connect: () => Sql) {
  let sql: Sql | null = null;
  let map: ShardMap | null = null;
  let readAt = 0;
  let reading: Promise<void> | null = null;
  let isClosed = false;
  const down = new Set<string>();
  const probed = new Set<string>();
  const listeners = new Set<WorkerListener>();

  /** Keeps the last map if the coordinator does not answer. */
  async function readAgain(): Promise<void> {
    sql ??= connect();
    try {
      map = await readShardMap(sql);
    } catch {
      return;
    } finally {
      readAt = performance.now();
      reading = null;
    }
    if (map !== null) return;
    const unused = sql;
    sql = null;
    await unused.end({ timeout: 1 });
  }

  function readMap(): Promise<void> {
    reading ??= readAgain();
    return reading;
  }

  function currentMap(): ShardMap | null {
    if (map !== null && performance.now() - readAt > MAP_MAX_AGE_MS) void readMap();
    return map;
  }

  function setDown(worker: Worker, isDown: boolean): void {
    if (isDown === down.has(worker.name)) return;
    if (isDown) down.add(worker.name);
    else down.delete(worker.name);
    for (const listener of listeners) listener(worker, isDown);
  }

  /** Reads from a shard of the worker until the worker answers, or until it has no shard any more. */
  async function probe(worker: Worker): Promise<void> {
    let failures = 0;
    for (let taskId = taskOf(worker); taskId !== undefined && !isClosed; taskId = taskOf(worker)) {
      const error = await sql?.unsafe("select 1 from public.tasks where id = $1", [taskId]).then(
        () => null,
        (cause: unknown) => cause,
      );
      // If the coordinator is unreachable, the state of its workers is unknown.
      if (error === null || isUnreachable(error)) break;
      failures += 1;
      if (failures < FAILURES_THAT_MEAN_DOWN) continue;
      setDown(worker, true);
      await new Promise((resolve) => setTimeout(resolve, PROBE_INTERVAL_MS).unref());
      await readMap();
    }
    setDown(worker, false);
  }

  /** An id in any shard of this worker, because one shard alone may be locked. */
  function taskOf(worker: Worker): string | undefined {
    const ids = PROBED_IDS.filter((id) => map?.workerOf(id)?.name === worker.name);
    return ids[Math.floor(Math.random() * ids.length)];
  }

  return {
    /** Finds out whether the tables are distributed. */
    async detect(): Promise<boolean> {
      await readMap();
      return map !== null;
    },

    isDistributed: () => map !== null,

    /** Null if the tables are not distributed. */
    workersOf(tasks: TaskScope): readonly Worker[] | null {
      const known = currentMap();
      if (known === null || tasks === "all") return known === null ? null : known.workers;
      return [...new Set(tasks.map(known.workerOf))].filter((worker) => worker !== null);
    },

    isDown: (worker: Worker) => down.has(worker.name),

    /** Checks these workers, because a statement that reads from them takes long or has failed. */
    suspect(workers: readonly Worker[]): void {
      for (const worker of workers) {
        if (probed.has(worker.name)) continue;
        probed.add(worker.name);
        void probe(worker).finally(() => probed.delete(worker.name));
      }
    },

    /** Calls the listener when a worker stops answering and when it answers again. Returns a function that removes it. */
    onWorkerChange(listener: WorkerListener): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    async close(): Promise<void> {
      isClosed = true;
      await sql?.end({ timeout: 1 });
    },
  };
}
