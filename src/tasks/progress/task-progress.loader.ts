import type { Viewer } from "../../auth/viewer.ts";
import type { JobFilter } from "../../job-search/job-filter.ts";
import { createTaskBatches } from "../../job-search/task-batch.loader.ts";
import { filterDigest } from "../../paging/filter.ts";
import type { Deadline } from "../../values/deadline.ts";
import type { ReadTaskProgress } from "./read-task-progress.ts";
import type { TaskProgress } from "./task-progress.ts";

interface ProgressReader {
  readonly viewer: Viewer;
  readonly deadline: Deadline;
  readonly readAfter: number | undefined;
}

/** Each request has its own loader, which reads the progress of a whole page of tasks at once. */
export function createTaskProgressLoader(
  readProgress: ReadTaskProgress,
  { viewer, deadline, readAfter }: ProgressReader,
) {
  const load = createTaskBatches<TaskProgress>();
  return (taskId: string, filter: JobFilter, withEmails: boolean): Promise<TaskProgress> =>
    load(`${withEmails} ${filterDigest(filter)}`, taskId, (taskIds) =>
      readProgress({ taskIds, filter, withEmails, deadline, userId: viewer.userId, readAfter }),
    );
}
