import { taskNotFound } from "../errors.ts";
import { type ConnectionArguments, type ConnectionPage, pageOfRows, readPageRange } from "../paging/connection.ts";
import type { CursorScope } from "../paging/cursor.ts";
import { canonicalFilter, faultsOfFilter } from "../paging/filter.ts";
import type { JobRecord } from "./job-record.ts";
import type { FindTaskJobs } from "./job-search.loader.ts";
import type { JobSearch } from "./job-search.queries.ts";

type ListedJobs = Pick<JobSearch, "filter" | "order" | "select"> & { readonly taskId: string };

/** A page of the jobs of one task, between cursors. Throws NOT_FOUND if this viewer may not see the task. */
export async function listJobConnection(
  findTaskJobs: FindTaskJobs,
  list: ListedJobs,
  page: ConnectionArguments,
): Promise<ConnectionPage<JobRecord>> {
  const scope = jobCursorScope(list);
  const range = readPageRange(scope, page, faultsOfFilter(list.filter));
  const found = await findTaskJobs(list.taskId, { ...list, ...range, limit: range.size + 1 });
  if (found === null) throw taskNotFound();

  const timestamp = list.order.startsWith("created") ? "createdAt" : "updatedAt";
  const positionOf = (job: JobRecord) => ({ at: job[timestamp], id: job.id });
  return pageOfRows({ rows: found.jobs, count: found.count }, range, { scope, positionOf });
}

export function jobCursorScope({
  taskId,
  order,
  filter,
}: Pick<ListedJobs, "taskId" | "order" | "filter">): CursorScope {
  return ["jobs", taskId, order, canonicalFilter(filter)];
}
