import type { JobFilter } from "../../job-search/job-filter.ts";
import { filterDigest } from "../../paging/filter.ts";
import type { Deadline } from "../../values/deadline.ts";
import { createSharedCounts } from "./shared-counts.ts";
import type { TaskProgressQueries } from "./task-progress.queries.ts";
import { progressOfGroups, type TaskProgress } from "./task-progress.ts";

interface CountedJobs {
  readonly filter: JobFilter;
  readonly withEmails: boolean;
}

interface ProgressRequest extends CountedJobs {
  readonly taskIds: readonly string[];
  readonly deadline: Deadline;
  readonly userId: string;
  /** A count that began before this time, in `performance.now()`, is too old. */
  readonly readAfter?: number | undefined;
}

export type ReadTaskProgress = ReturnType<typeof createTaskProgressReader>;

/** Shares the progress of each task among all callers. The caller has already checked access to the tasks. */
export function createTaskProgressReader(queries: TaskProgressQueries, connections?: number) {
  const { timeoutMs, shared } = queries;
  const read = createSharedCounts<CountedJobs, TaskProgress>(
    {
      timeoutMs,
      shared,
      keyOf: ({ filter, withEmails }) => `${withEmails} ${filterDigest(filter)}`,
      async count(taskIds, counted, deadline) {
        const groups = await queries.findProgressGroups({ taskIds, ...counted }, deadline);
        return (taskId) => progressOfGroups(groups.filter((group) => group.taskId === taskId));
      },
    },
    connections,
  );
  /** Returns the results in the order of the ids. */
  return ({ taskIds, filter, withEmails, ...request }: ProgressRequest): Promise<TaskProgress[]> =>
    read({ ...request, ids: taskIds, counted: { filter, withEmails } });
}
