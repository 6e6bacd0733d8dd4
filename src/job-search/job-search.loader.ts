import type { Viewer } from "../auth/viewer.ts";
import { filterDigest } from "../paging/filter.ts";
import { createTaskBatches } from "../tasks/task-batch.loader.ts";
import type { Deadline } from "../values/deadline.ts";
import type { FoundJobs } from "./job-record.ts";
import type { JobSearchQueries } from "./job-search.queries.ts";
import type { JobSearch } from "./job-search.ts";

/** Null is a task that this viewer may not see. Filter and bounds must have been checked. */
export type FindTaskJobs = (
  taskId: string,
  search: Omit<JobSearch, "taskIds" | "viewer" | "deadline">,
) => Promise<FoundJobs | null>;

export function openJobSearchLoader(queries: JobSearchQueries, viewer: Viewer, deadline: Deadline): FindTaskJobs {
  const load = createTaskBatches<FoundJobs | null>();
  return (taskId, search) => {
    const { filter, order, after, before, backwards, limit, offset, select } = search;
    // What is only counted is counted once, whatever page it was asked of.
    const page = select.jobs ? [order, after, before, backwards, limit, offset] : [];
    const key = JSON.stringify([filterDigest(filter), select, page]);
    return load(key, taskId, (taskIds) => queries.findVisibleJobs({ ...search, viewer, taskIds, deadline }));
  };
}
