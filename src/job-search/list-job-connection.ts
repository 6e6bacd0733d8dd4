import type { JoinedEmail } from "../email/email.ts";
import { Failure } from "../errors.ts";
import { type ConnectionArguments, type ConnectionPage, pageOfRows, stretchOf } from "../paging/connection.ts";
import type { CursorScope } from "../paging/cursor.ts";
import { canonicalFilter, faultsOfFilter } from "../paging/filter.ts";
import type { JobRecord } from "../task-jobs/task-job.ts";
import type { FindTaskJobs } from "./job-search.loader.ts";
import type { JobSearch } from "./job-search.ts";

export interface JobConnection extends ConnectionPage<JobRecord> {
  readonly emails: readonly JoinedEmail[];
}

type Asked = Pick<JobSearch, "filter" | "order" | "parts"> & { readonly taskId: string };

/** A task's jobs by cursor, as this viewer may see them. */
export async function listJobConnection(
  findTaskJobs: FindTaskJobs,
  asked: Asked,
  page: ConnectionArguments,
): Promise<JobConnection> {
  const scope = jobCursorScope(asked);
  const stretch = stretchOf(scope, page, faultsOfFilter(asked.filter));
  const found = await findTaskJobs(asked.taskId, { ...asked, ...stretch, limit: stretch.size + 1 });
  if (found === null) throw new Failure("NOT_FOUND", { message: "Batch verification task not found" });

  const moment = asked.order.startsWith("created") ? "createdAt" : "updatedAt";
  const positionOf = (job: JobRecord) => ({ at: job[moment], id: job.id });
  return {
    ...pageOfRows(scope, stretch, { rows: found.jobs, count: found.count }, positionOf),
    emails: found.emails,
  };
}

export function jobCursorScope({ taskId, order, filter }: Pick<Asked, "taskId" | "order" | "filter">): CursorScope {
  return ["jobs", taskId, order, canonicalFilter(filter)];
}
