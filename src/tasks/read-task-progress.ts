import { type Deadline, waitFor } from "../deadline.ts";
import { Failure } from "../errors.ts";
import { canonicalFilter } from "../filter.ts";
import type { JobFilter } from "../task-jobs/job-filter.ts";
import type { TaskProgressQueries } from "./task-progress.queries.ts";
import { progressOfGroups, type TaskProgress } from "./task-progress.ts";

/** How old an answer may be that others asked for as well. */
const MAX_AGE_MS = 1000;
const MAX_KEPT = 1000;

export type ReadTaskProgress = ReturnType<typeof openTaskProgress>;

interface Kept {
  readonly progress: Promise<TaskProgress>;
  freshUntil: number;
}

/**
 * The progress of tasks, shared by all who poll them: one aggregate of a task a second at the most, however many ask, and
 * one at a time, whose time is its own: who gives up ends it for nobody. Whether the caller may see the tasks must have been
 * checked.
 */
export function openTaskProgress(queries: TaskProgressQueries) {
  const kept = new Map<string, Kept>();

  function fresh(key: string): Promise<TaskProgress> | undefined {
    const entry = kept.get(key);
    return entry !== undefined && entry.freshUntil > performance.now() ? entry.progress : undefined;
  }

  function keep(key: string, progress: Promise<TaskProgress>): Promise<TaskProgress> {
    const entry: Kept = { progress, freshUntil: Number.POSITIVE_INFINITY };
    const startedAt = performance.now();
    progress.then(
      () => {
        // A count that took longer would be old when it ends: it is not begun again for as long as it took.
        entry.freshUntil = startedAt + Math.max(MAX_AGE_MS, 2 * (performance.now() - startedAt));
      },
      (error) => {
        // A database that was not reached lost no time over it, and may be back at once.
        const isTooSlow = error instanceof Failure && error.kind === "TIMEOUT";
        entry.freshUntil = isTooSlow ? performance.now() + MAX_AGE_MS : 0;
      },
    );
    kept.delete(key);
    kept.set(key, entry);
    for (const [oldest] of kept) {
      if (kept.size <= MAX_KEPT) break;
      kept.delete(oldest);
    }
    return progress;
  }

  /** In the order of the ids. */
  return (
    taskIds: readonly string[],
    filter: JobFilter,
    withEmails: boolean,
    deadline: Deadline,
  ): Promise<TaskProgress[]> => {
    const keyOf = (taskId: string) => `${taskId} ${withEmails} ${canonicalFilter(filter)}`;
    // All of them before anything new is kept, which lets go of the oldest.
    const known = taskIds.map((taskId) => fresh(keyOf(taskId)));
    const missing = taskIds.filter((_, index) => known[index] === undefined);
    const groups = missing.length === 0 ? Promise.resolve([]) : queries.findProgressGroups(missing, filter, withEmails);
    const all = taskIds.map(
      (taskId, index) =>
        known[index] ??
        keep(
          keyOf(taskId),
          groups.then((found) => progressOfGroups(found.filter((group) => group.taskId === taskId))),
        ),
    );
    return waitFor(Promise.all(all), deadline);
  };
}
