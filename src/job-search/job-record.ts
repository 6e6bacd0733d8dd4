import { columnsOf } from "../db/columns.ts";
import type { Row } from "../db/reads/prepare-rows.ts";
import { jobStatus, taskEmailJobs } from "../db/schema.ts";
import { shortened } from "../values/text-limit.ts";

export const JOB_STATUSES = jobStatus.enumValues;
export type JobStatus = (typeof JOB_STATUSES)[number];

export const JOB_COLUMNS = columnsOf(taskEmailJobs, [
  "id",
  "emailId",
  "emailAddress",
  "status",
  "createdAt",
  "updatedAt",
]);

/** One row of `task_email_jobs`. Timestamps are in the text format of PostgreSQL. */
export interface JobRecord extends Readonly<ReturnType<typeof JOB_COLUMNS.read>> {
  readonly taskId: string;
  /** The status for REST and exports, which return an unknown status unchanged. In GraphQL `status` is then an error. */
  readonly statusWord: string;
}

/** Reads the job whose columns begin at `start` of the row. */
export function readJob(row: Row, taskId: string, start: number): JobRecord {
  const job = JOB_COLUMNS.read(row, start);
  const { status } = job;
  // The same object, because a copy of each job of a page would cost time.
  const record = Object.assign(job, { taskId, statusWord: status, emailAddress: shortened(job.emailAddress) });
  return KNOWN_STATUSES.has(status) ? record : Object.assign(record, { status: rejectUnknownStatus });
}

const KNOWN_STATUSES: ReadonlySet<string> = new Set(JOB_STATUSES);

/**
 * graphql-js calls this function if `status` is selected. It rejects rather than throws, because graphql-js 16 drops the
 * promises of earlier items of a list when a later item throws.
 */
function rejectUnknownStatus(): Promise<never> {
  return Promise.reject(new Error("a job has a status that this release does not know"));
}

/** The parts of a page that the caller selected. Other parts are not read. */
export interface SelectedParts {
  readonly jobs: boolean;
  /** The number of all matching jobs, counted in the same snapshot. */
  readonly count: boolean;
}

export interface FoundJobs {
  readonly jobs: readonly JobRecord[];
  /** Zero if the count was not selected. */
  readonly count: number;
}
