import type { Viewer } from "../auth/viewer.ts";
import type { Page } from "../paging/page.ts";
import type { Deadline } from "../values/deadline.ts";

export const JOB_STATUSES = ["pending", "processing", "completed", "failed"] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** One row of `task_email_jobs`. Timestamps are Postgres' text. */
export interface JobRecord {
  readonly id: string;
  readonly taskId: string;
  readonly emailId: string | null;
  readonly emailAddress: string;
  /** The state for GraphQL. A state that a newer release has added is an error. */
  readonly status: JobStatus;
  /** The state for REST and exports, which return an unknown state unchanged. */
  readonly statusWord: string;
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

/** What the caller selected. What is not wanted is not read. */
export interface SearchParts {
  readonly jobs: boolean;
  readonly emails: boolean;
  /** All that match, counted in the same snapshot. */
  readonly count: boolean;
}
