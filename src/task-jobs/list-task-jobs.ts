import type { Viewer } from "../auth/viewer.ts";
import { Failure } from "../errors.ts";
import { faultsOfPage, type Page } from "../page.ts";
import type { TaskJobQueries } from "./task-job.queries.ts";
import type { JobPage, PageParts } from "./task-job.ts";

/** One page of a task's jobs, as this viewer may see it. Access is checked whatever parts are wanted. */
export async function listTaskJobs(
  queries: TaskJobQueries,
  viewer: Viewer,
  taskId: string,
  page: Page,
  parts: PageParts,
): Promise<JobPage> {
  const faults = faultsOfPage(page);
  if (faults.length > 0) throw Failure.ofFields(faults);

  const found = await queries.findVisibleJobPage(viewer, taskId, page, parts);
  if (found === null) throw new Failure("NOT_FOUND", { message: "Batch verification task not found" });
  return found;
}
