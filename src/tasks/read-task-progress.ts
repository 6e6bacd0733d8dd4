import type { Deadline } from "../deadline.ts";
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
 * one at a time. Whether the caller may see the tasks must have been checked.
 */
export function openTaskProgress(queries: TaskProgressQueries) {
  const kept = new Map<string, Kept>();

  function keep(key: string, progress: Promise<TaskProgress>): void {
    const entry: Kept = { progress, freshUntil: Number.POSITIVE_INFINITY };
    kept.delete(key);
    kept.set(key, entry);
    progress.then(
      () => {
        entry.freshUntil = performance.now() + MAX_AGE_MS;
      },
      () => kept.delete(key),
    );
    for (const [oldest] of kept) {
      if (kept.size <= MAX_KEPT) break;
      kept.delete(oldest);
    }
  }

  /** In the order of the ids. */
  return (
    taskIds: readonly string[],
    filter: JobFilter,
    withEmails: boolean,
    deadline: Deadline,
  ): Promise<TaskProgress[]> => {
    const keyOf = (taskId: string) => `${taskId} ${withEmails} ${canonicalFilter(filter)}`;
    const isFresh = (taskId: string) => (kept.get(keyOf(taskId))?.freshUntil ?? 0) > performance.now();
    const missing = taskIds.filter((taskId) => !isFresh(taskId));
    if (missing.length > 0) {
      const groups = queries.findProgressGroups(missing, filter, withEmails, deadline);
      for (const taskId of missing) {
        const progress = groups.then((all) => progressOfGroups(all.filter((group) => group.taskId === taskId)));
        keep(keyOf(taskId), progress);
      }
    }
    return Promise.all(taskIds.map((taskId) => kept.get(keyOf(taskId))?.progress ?? progressOfGroups([])));
  };
}
