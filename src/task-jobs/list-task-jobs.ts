import type { Audit } from "../audit.ts";
import { Failure } from "../errors.ts";
import { faultsOfPage } from "../page.ts";
import type { TaskJobQueries } from "./task-job.queries.ts";
import type { JobPage, JobPageRequest } from "./task-job.ts";

/** One page of a task's jobs, as this viewer may see it. Access is checked whatever parts are wanted. */
export async function listTaskJobs(queries: TaskJobQueries, request: JobPageRequest, audit: Audit): Promise<JobPage> {
  const faults = faultsOfPage(request.page);
  if (faults.length > 0) throw Failure.ofFields(faults);

  const found = await queries.findVisibleJobPage(request);
  if (found === null) {
    audit("denied", request.taskId);
    throw new Failure("NOT_FOUND", { message: "Batch verification task not found" });
  }
  if (request.viewer.isAdmin) audit("admin_read", request.taskId);
  return found;
}
