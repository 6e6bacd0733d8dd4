import type { Audit } from "../auth/audit.ts";
import type { Viewer } from "../auth/viewer.ts";
import { taskNotFound } from "../errors.ts";
import type { JobFilter } from "../job-search/job-filter.ts";
import type { Deadline } from "../values/deadline.ts";
import { csvHeader, csvLines } from "./csv.ts";
import type { JobExportQueries, JobSnapshot } from "./export.queries.ts";
import { EXPORT_FIELDS, type ExportField } from "./exported-job.ts";
import { ndjsonLines } from "./ndjson.ts";

export const EXPORT_FORMATS = ["ndjson", "csv"] as const;
/** The formats of the documented download. `txt` is the table of `csv`, separated by tabs. */
export const DOWNLOAD_FORMATS = ["csv", "txt", "ndjson"] as const;
export type ExportFormat = (typeof DOWNLOAD_FORMATS)[number];

const DELIMITERS = { csv: ",", txt: "\t" } as const;

export interface JobExportRequest {
  readonly viewer: Viewer;
  readonly taskId: string;
  /** The caller has already validated the filter. */
  readonly filter: JobFilter;
  readonly format: ExportFormat;
  /** Null means all fields. */
  readonly fields: readonly ExportField[] | null;
  /** Whether a table starts with a byte order mark, without which Excel does not read UTF-8. */
  readonly hasBom?: boolean;
  /** Ends the export and closes its connection, even while a statement runs. */
  readonly signal: AbortSignal;
  /** The time by which the task must be found. Commands have no deadline. */
  readonly deadline?: Deadline;
  /** Commands write no audit lines. */
  readonly audit?: Audit;
}

/** Complete lines and the number of their jobs. */
interface ExportChunk {
  readonly text: string;
  readonly jobs: number;
}

export interface JobExport {
  /** Starts with the header row if the format has one. Jobs are read only while the caller requests chunks. */
  readonly chunks: () => AsyncGenerator<ExportChunk>;
  /** Counts the jobs in the same snapshot. */
  readonly count: () => Promise<number>;
}

/**
 * Exports the matching jobs of a task, newest first, from one snapshot, which ends when `consume` returns. If the viewer may
 * not read the task or too many exports are running, the export fails without calling `consume`.
 */
export async function exportJobs<T>(
  queries: JobExportQueries,
  request: JobExportRequest,
  consume: (jobs: JobExport) => Promise<T>,
): Promise<T> {
  return await queries.readSnapshot(request, async (snapshot) => {
    if (!snapshot.isVisible) {
      request.audit?.("denied", request.taskId);
      throw taskNotFound();
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
  if (format !== "ndjson") {
    yield { text: (request.hasBom ? "\ufeff" : "") + csvHeader(columns, DELIMITERS[format]), jobs: 0 };
  }
  for await (const jobs of snapshot.readJobs(request)) {
    const lines =
      format === "ndjson"
        ? ndjsonLines(jobs, fields)
        : csvLines(jobs, { fields: columns, delimiter: DELIMITERS[format] });
    yield { text: lines, jobs: jobs.length };
  }
}
