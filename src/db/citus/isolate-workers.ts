import { type BulkheadPolicy, bulkhead } from "cockatiel";
import { Failure } from "../../errors.ts";
import type { TaskScope } from "../reads/reads.ts";
import type { Worker } from "./shard-map.ts";
import type { WorkerWatch } from "./worker-watch.ts";

/** If a statement runs longer, its workers are probed. */
const SUSPICIOUS_MS = 300;
const MAX_WAITING = 100;

/** A worker of the Citus cluster does not answer. The tasks on other workers are not affected. */
class WorkerDown extends Error {
  readonly code = "WORKER_DOWN";
  readonly hostname: string;
  readonly port: number;
  constructor({ host, port }: Worker) {
    super("a worker of the cluster does not answer");
    this.hostname = host;
    this.port = port;
  }
}

/** Runs the work, with a limit for each worker if the tasks are distributed. */
export type Isolate = <T>(tasks: TaskScope | undefined, work: () => Promise<T>) => Promise<T>;

/**
 * Limits the reads of a worker to half of the pool's connections, and the reads of several workers to a quarter, so that a
 * worker that hangs leaves connections to the others (`docs/decisions/citus.md`). While a worker does not answer, its reads
 * fail at once.
 */
export function createWorkerIsolation(connections: number, watch: WorkerWatch): Isolate {
  const gates = new Map<string, BulkheadPolicy>();
  const gateOf = (workers: readonly Worker[]): BulkheadPolicy => {
    const name = workers.length === 1 ? (workers[0]?.name ?? "") : "several";
    const limit = name === "several" ? Math.max(1, Math.floor(connections / 4)) : Math.ceil(connections / 2);
    const gate = gates.get(name) ?? bulkhead(limit, MAX_WAITING);
    gates.set(name, gate);
    return gate;
  };

  return (tasks, work) => {
    const workers = tasks === undefined ? null : watch.workersOf(tasks);
    if (workers === null) return work();
    return unlessDown(watch, workers, async () => {
      const timer = setTimeout(() => watch.suspect(workers), SUSPICIOUS_MS);
      try {
        // The gate counts the read until the driver has finished, because its connection is busy.
        return await gateOf(workers).execute(work);
      } catch (error) {
        watch.suspect(workers);
        throw error;
      } finally {
        clearTimeout(timer);
      }
    });
  };
}

/** Fails as soon as a worker is down, although its statement still runs. */
async function unlessDown<T>(watch: WorkerWatch, workers: readonly Worker[], work: () => Promise<T>): Promise<T> {
  const down = workers.find(watch.isDown);
  if (down !== undefined) throw workerDown(down);
  let stopListening = () => {};
  const failed = new Promise<never>((_, reject) => {
    stopListening = watch.onWorkerChange((worker, isDown) => {
      if (isDown && workers.some(({ name }) => name === worker.name)) reject(workerDown(worker));
    });
  });
  try {
    return await Promise.race([work(), failed]);
  } finally {
    stopListening();
  }
}

function workerDown(worker: Worker): Failure {
  return new Failure("UNAVAILABLE", { cause: new WorkerDown(worker) });
}
