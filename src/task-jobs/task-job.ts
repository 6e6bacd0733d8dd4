import type { Viewer } from "../auth/viewer.ts";
import type { Deadline } from "../deadline.ts";
import type { Page } from "../page.ts";
import type { SearchParts } from "./job-search.ts";

export type JobStatus = "pending" | "processing" | "completed" | "failed";

/** One row of `task_email_jobs`. Timestamps are Postgres' text. */
export interface JobRecord {
  readonly id: string;
  readonly taskId: string;
  readonly emailId: string | null;
  readonly emailAddress: string;
  readonly status: JobStatus;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface JobPageRequest {
  readonly viewer: Viewer;
  readonly taskId: string;
  readonly page: Page;
  readonly parts: SearchParts;
  readonly deadline: Deadline;
}
