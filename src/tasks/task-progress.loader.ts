import DataLoader from "dataloader";
import type { Deadline } from "../deadline.ts";
import { canonicalFilter } from "../filter.ts";
import type { JobFilter } from "../task-jobs/job-filter.ts";
import type { ReadTaskProgress } from "./read-task-progress.ts";
import type { TaskProgress } from "./task-progress.ts";

/** One statement for the progress of a page of tasks: a loader for each filter that the request asks with. */
export function openTaskProgressLoader(readProgress: ReadTaskProgress, deadline: Deadline) {
  const loaders = new Map<string, DataLoader<string, TaskProgress>>();

  return (taskId: string, filter: JobFilter, withEmails: boolean): Promise<TaskProgress> => {
    const key = `${withEmails} ${canonicalFilter(filter)}`;
    const loader =
      loaders.get(key) ??
      new DataLoader<string, TaskProgress>((ids) => readProgress(ids, filter, withEmails, deadline), {
        maxBatchSize: 100,
      });
    loaders.set(key, loader);
    return loader.load(taskId);
  };
}
