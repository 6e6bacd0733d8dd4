import type { Viewer } from "../auth/viewer.ts";
import { filterDigest } from "../paging/filter.ts";
import type { Deadline } from "../values/deadline.ts";
import type { FoundJobs } from "./job-record.ts";
import type { JobSearch, JobSearchQueries } from "./job-search.queries.ts";
import { createTaskBatches } from "./task-batch.loader.ts";

/** Null if the task does not exist or this viewer may not see it. The filter and the bounds must have been checked. */
export type FindTaskJobs = (
  taskId: string,
  search: Omit<JobSearch, "taskIds" | "viewer" | "deadline">,
) => Promise<FoundJobs | null>;

export function createJobSearchLoader(queries: JobSearchQueries, viewer: Viewer, deadline: Deadline): FindTaskJobs {
  const load = createTaskBatches<FoundJobs | null>();
  return (taskId, search) => {
    const { filter, order, after, before, backwards, limit, offset, select } = search;
    // A count is the same for every page, so that several pages of a document count once.
    const page = select.jobs ? [order, after, before, backwards, limit, offset] : [];
    const key = JSON.stringify([filterDigest(filter), select, page]);
    return load(key, taskId, (taskIds) => queries.findVisibleJobs({ ...search, viewer, taskIds, deadline }));
  };
}
