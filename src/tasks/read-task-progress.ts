import type { Deadline } from "../deadline.ts";
import { Failure } from "../errors.ts";
import { canonicalFilter, faultsOfFilter } from "../filter.ts";
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
 * The progress of a task, shared by all who poll it: one aggregate a second at the most, however many ask, and one at a
 * time. Whether the caller may see the task must have been checked.
 */
export function openTaskProgress(queries: TaskProgressQueries) {
  const kept = new Map<string, Kept>();

  return (
    taskId: string,
    filter: JobFilter,
    withDeliverability: boolean,
    deadline: Deadline,
  ): Promise<TaskProgress> => {
    const faults = faultsOfFilter(filter);
    if (faults.length > 0) throw Failure.ofFields(faults);
    const key = `${taskId} ${withDeliverability} ${canonicalFilter(filter)}`;
    const known = kept.get(key);
    if (known !== undefined && known.freshUntil > performance.now()) return known.progress;

    const progress = queries
      .findProgressGroups(taskId, filter, withDeliverability, deadline)
      .then((groups) => progressOfGroups(groups, withDeliverability));
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
    return progress;
  };
}
