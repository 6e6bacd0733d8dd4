import type { Audit } from "../auth/audit.ts";
import type { Viewer } from "../auth/viewer.ts";
import { Failure, taskNotFound } from "../errors.ts";
import type { JobFilter } from "../job-search/job-filter.ts";
import type { JobOrder } from "../job-search/job-order.ts";
import type { FoundJobs, SelectedParts } from "../job-search/job-record.ts";
import type { JobSearchQueries } from "../job-search/job-search.queries.ts";
import { faultsOfFilter, isEmptyFilter } from "../paging/filter.ts";
import { faultsOfPage, type Page } from "../paging/page.ts";
import type { Deadline } from "../values/deadline.ts";
import type { TaskJobQueries } from "./task-job.queries.ts";

/** The parts of the request context that a page needs. */
interface Context {
  readonly viewer: Viewer;
  readonly deadline: Deadline;
  readonly audit: Audit;
  readonly taskJobs: TaskJobQueries;
  readonly jobSearches: JobSearchQueries;
}

interface TaskJobsRequest {
  readonly taskId: string;
  readonly page: Page;
  readonly filter: JobFilter;
  readonly order: JobOrder;
  readonly select: SelectedParts;
}

/** One page of a task's jobs. Access is checked even if no part of the page is selected. */
export async function listTaskJobs(context: Context, request: TaskJobsRequest): Promise<FoundJobs> {
  const { viewer, deadline, audit, taskJobs, jobSearches } = context;
  const { taskId, page, filter, order, select } = request;
  const faults = [...faultsOfPage(page), ...faultsOfFilter(filter)];
  if (faults.length > 0) throw Failure.ofFields(faults);

  const found =
    isEmptyFilter(filter) && order === "created_desc"
      ? await taskJobs.findVisibleJobPage({ viewer, taskId, page, select, deadline })
      : await jobSearches.findVisibleJobPage({ viewer, taskId, page, filter, order, select, deadline });
  if (found === null) {
    audit("denied", taskId);
    throw taskNotFound();
  }
  if (viewer.isAdmin) audit("admin_read", taskId);
  return found;
}
