import type { Audit } from "../auth/audit.ts";
import type { Viewer } from "../auth/viewer.ts";
import { Failure } from "../errors.ts";
import type { JobFilter } from "../job-search/job-filter.ts";
import type { Deadline } from "../values/deadline.ts";
import { csvHeader, csvLines } from "./csv.ts";
import type { JobExportQueries, JobSnapshot } from "./export.queries.ts";
import { EXPORT_FIELDS, type ExportField } from "./exported-job.ts";
import { ndjsonLines } from "./ndjson.ts";

export const EXPORT_FORMATS = ["ndjson", "csv"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface JobExportRequest {
  readonly viewer: Viewer;
  readonly taskId: string;
  /** Must have been checked. */
  readonly filter: JobFilter;
  readonly format: ExportFormat;
  /** Null: all of them. */
  readonly fields: readonly ExportField[] | null;
  /** Ends the export and frees its connection, in the middle of a statement too. */
  readonly signal: AbortSignal;
  /** By when the answer must begin; the command line has none. */
  readonly deadline?: Deadline;
  /** The command line has nobody to tell of. */
  readonly audit?: Audit;
}

/** Whole lines, and how many jobs they are. */
interface ExportChunk {
  readonly text: string;
  readonly jobs: number;
}

export interface JobExport {
  /** The header row first, where the format has one; what is not asked for is not read. */
  readonly chunks: () => AsyncGenerator<ExportChunk>;
  /** How many jobs there are in this very snapshot. */
  readonly count: () => Promise<number>;
}

/**
 * All jobs of a task that match, newest first, from one snapshot that lasts as long as `consume` does. Fails before
 * `consume` where the viewer may not see the task or too many exports run.
 */
export async function exportJobs<T>(
  queries: JobExportQueries,
  request: JobExportRequest,
  consume: (jobs: JobExport) => Promise<T>,
): Promise<T> {
  return await queries.readSnapshot(request, async (snapshot) => {
    if (!(await snapshot.isVisible(request))) {
      request.audit?.("denied", request.taskId);
      throw new Failure("NOT_FOUND", { message: "Batch verification task not found" });
    }
    if (request.viewer.isAdmin) request.audit?.("admin_read", request.taskId);
    return await consume({
      chunks: () => chunksOf(snapshot, request),
      count: () => snapshot.countJobs(request),
    });
  });
}

async function* chunksOf(snapshot: JobSnapshot, request: JobExportRequest): AsyncGenerator<ExportChunk> {
  const { format, fields } = request;
  const columns = fields ?? EXPORT_FIELDS;
  if (format === "csv") yield { text: csvHeader(columns), jobs: 0 };
  for await (const jobs of snapshot.readJobs(request)) {
    const lines = format === "csv" ? csvLines(jobs, columns) : ndjsonLines(jobs, fields);
    yield { text: lines, jobs: jobs.length };
  }
}
