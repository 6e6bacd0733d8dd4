import { taskNotFound } from "../errors.ts";
import { type ConnectionArguments, type ConnectionPage, pageOfRows, stretchOf } from "../paging/connection.ts";
import type { CursorScope } from "../paging/cursor.ts";
import { canonicalFilter, faultsOfFilter } from "../paging/filter.ts";
import type { JobRecord } from "./job-record.ts";
import type { FindTaskJobs } from "./job-search.loader.ts";
import type { JobSearch } from "./job-search.ts";

type Asked = Pick<JobSearch, "filter" | "order" | "select"> & { readonly taskId: string };

/** A task's jobs by cursor, as this viewer may see them. */
export async function listJobConnection(
  findTaskJobs: FindTaskJobs,
  asked: Asked,
  page: ConnectionArguments,
): Promise<ConnectionPage<JobRecord>> {
  const scope = jobCursorScope(asked);
  const stretch = stretchOf(scope, page, faultsOfFilter(asked.filter));
  const found = await findTaskJobs(asked.taskId, { ...asked, ...stretch, limit: stretch.size + 1 });
  if (found === null) throw taskNotFound();

  const moment = asked.order.startsWith("created") ? "createdAt" : "updatedAt";
  const positionOf = (job: JobRecord) => ({ at: job[moment], id: job.id });
  return pageOfRows(scope, stretch, { rows: found.jobs, count: found.count }, positionOf);
}

export function jobCursorScope({ taskId, order, filter }: Pick<Asked, "taskId" | "order" | "filter">): CursorScope {
  return ["jobs", taskId, order, canonicalFilter(filter)];
}
