import { deadlineIn } from "../values/deadline.ts";
import type { Horizon, TaskState, WatchedTaskQueries } from "./watched-task.queries.ts";

/** The time between two statements, which all watchers of the process share. */
const LOOK_EVERY_MS = 1000;
const LOOK_TIMEOUT_MS = 2000;
/** The signature covers between one and two minutes, because its start moves only this often. */
const MOVE_START_EVERY_MS = 60_000;
/** Watchers also read unchanged tasks this often, because a changed email record changes no job. */
const REFRESH_EVERY_MS = 60_000;

/** A look at a task that may have found a change. */
export interface Change {
  /** Identifies the change in this process, and grows. */
  readonly version: number;
  /** The time, in `performance.now()`, after which a reading contains the change. */
  readonly readAfter: number;
  /** Null before the first look. */
  readonly horizon: Horizon | null;
}

export interface TaskWatch {
  /** The newest change so far. */
  readonly latest: () => Change;
  /** Resolves at the next change, or at once if there was one since the last call. Null once the watch is closed. */
  readonly next: () => Promise<Change | null>;
  readonly close: () => void;
}

interface WatchedTask {
  signature: string | null;
  change: Change;
  refreshedAt: number;
  readonly wakes: Set<() => void>;
}

interface WatchOptions {
  readonly onLook: (isSuccessful: boolean) => void;
  readonly lookEveryMs: number | undefined;
}

export type TaskWatcher = ReturnType<typeof createTaskWatcher>;

/** Watches tasks with one statement a second for all of them together, and with none while no task is watched. */
export function createTaskWatcher(queries: WatchedTaskQueries, { onLook, lookEveryMs = LOOK_EVERY_MS }: WatchOptions) {
  const tasks = new Map<string, WatchedTask>();
  let newestVersion = 0;
  let from: string | null = null;
  let movedAt = 0;
  let aMinuteAgo: string | null = null;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let isLooking = false;

  function schedule(): void {
    if (isLooking || timer !== undefined || tasks.size === 0) return;
    timer = setTimeout(() => void look(), Math.max(0, lookedAt + lookEveryMs - performance.now()));
  }

  async function look(): Promise<void> {
    timer = undefined;
    isLooking = true;
    lookedAt = performance.now();
    const isMoving = from !== null && lookedAt - movedAt > MOVE_START_EVERY_MS;
    const next = isMoving ? aMinuteAgo : from;
    const looked = [...tasks];
    try {
      const taskIds = looked.map(([id]) => id);
      const states = await queries.look({ taskIds, from, next, deadline: deadlineIn(LOOK_TIMEOUT_MS) });
      // A reading that began earlier may not contain what this statement has seen.
      const readAfter = performance.now();
      for (const [id, task] of looked) compare(task, states.get(id), { isMoving, readAfter });
      const [any] = states.values();
      aMinuteAgo = any?.aMinuteAgo ?? aMinuteAgo;
      if (from === null || isMoving) {
        from = next ?? aMinuteAgo;
        movedAt = lookedAt;
      }
      onLook(true);
    } catch {
      // The reads report an outage. The next look compares with the last state that was seen.
      onLook(false);
    }
    isLooking = false;
    if (tasks.size === 0) from = null;
    schedule();
  }

  function compare(
    task: WatchedTask,
    state: TaskState | undefined,
    { isMoving, readAfter }: { isMoving: boolean; readAfter: number },
  ): void {
    const hasChanged = task.signature !== (state?.signature ?? "");
    task.signature = (isMoving ? state?.nextSignature : state?.signature) ?? "";
    if (!hasChanged && readAfter - task.refreshedAt < REFRESH_EVERY_MS) return;
    task.refreshedAt = readAfter;
    newestVersion += 1;
    task.change = { version: newestVersion, readAfter, horizon: state?.horizon ?? null };
    for (const wake of task.wakes) wake();
  }

  function watchedTask(taskId: string): WatchedTask {
    const known = tasks.get(taskId);
    if (known !== undefined) return known;
    const now = performance.now();
    // The first look reports a change to those who read before it.
    newestVersion += 1;
    const change = { version: newestVersion, readAfter: now, horizon: null };
    const task = { signature: null, change, refreshedAt: now, wakes: new Set<() => void>() };
    tasks.set(taskId, task);
    return task;
  }

  return {
    watchedTasks: () => tasks.size,

    watch(taskId: string): TaskWatch {
      const task = watchedTask(taskId);
      let seen = task.change.version;
      let isClosed = false;
      let resolve: (() => void) | null = null;
      const wake = () => resolve?.();
      task.wakes.add(wake);
      schedule();
      return {
        latest: () => task.change,
        async next() {
          if (!isClosed && task.change.version === seen) await new Promise<void>((wakeUp) => (resolve = wakeUp));
          resolve = null;
          seen = task.change.version;
          return isClosed ? null : task.change;
        },
        close() {
          isClosed = true;
          wake();
          task.wakes.delete(wake);
          if (task.wakes.size > 0 || tasks.get(taskId) !== task) return;
          tasks.delete(taskId);
          if (tasks.size > 0) return;
          from = null;
          clearTimeout(timer);
          timer = undefined;
        },
      };
    },
  };
}
