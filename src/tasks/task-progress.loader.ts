import type { Deadline } from "../deadline.ts";
import { filterDigest } from "../filter.ts";
import type { JobFilter } from "../task-jobs/job-filter.ts";
import type { ReadTaskProgress } from "./read-task-progress.ts";
import type { OpenTaskBatches } from "./task-batch.loader.ts";
import type { TaskProgress } from "./task-progress.ts";

export function openTaskProgressLoader(
  readProgress: ReadTaskProgress,
  deadline: Deadline,
  openTaskBatches: OpenTaskBatches,
) {
  const load = openTaskBatches<TaskProgress>();
  return (taskId: string, filter: JobFilter, withEmails: boolean): Promise<TaskProgress> =>
    load(`${withEmails} ${filterDigest(filter)}`, taskId, (ids) => readProgress(ids, filter, withEmails, deadline));
}
