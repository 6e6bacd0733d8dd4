import type { Audit } from "../auth/audit.ts";
import { Failure } from "../errors.ts";
import type { JobFilter } from "../job-search/job-filter.ts";
import type { JobSearchQueries } from "../job-search/job-search.queries.ts";
import type { FoundJobs } from "../job-search/job-search.ts";
import { faultsOfFilter, isEmptyFilter } from "../paging/filter.ts";
import { faultsOfPage } from "../paging/page.ts";
import type { TaskJobQueries } from "./task-job.queries.ts";
import type { JobPageRequest } from "./task-job.ts";

interface Queries {
  readonly taskJobs: TaskJobQueries;
  readonly jobSearches: JobSearchQueries;
}

/** One page of a task's jobs, as this viewer may see it. Access is checked whatever parts are wanted. */
export async function listTaskJobs(
  { taskJobs, jobSearches }: Queries,
  request: JobPageRequest & { readonly filter: JobFilter },
  audit: Audit,
): Promise<FoundJobs> {
  const { page, filter } = request;
  const faults = [...faultsOfPage(page), ...faultsOfFilter(filter)];
  if (faults.length > 0) throw Failure.ofFields(faults);

  const [found = null] = isEmptyFilter(filter)
    ? [await taskJobs.findVisibleJobPage(request)]
    : await jobSearches.findVisibleJobs({
        ...request,
        ...page,
        taskIds: [request.taskId],
        order: "created_desc",
        after: null,
        before: null,
        backwards: false,
      });
  if (found === null) {
    audit("denied", request.taskId);
    throw new Failure("NOT_FOUND", { message: "Batch verification task not found" });
  }
  if (request.viewer.isAdmin) audit("admin_read", request.taskId);
  return found;
}
