import type { JoinedEmail } from "../email/email.ts";

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

export interface JobPage {
  readonly jobs: readonly JobRecord[];
  readonly emails: readonly JoinedEmail[];
  /** All jobs of the task, in the snapshot of this page. */
  readonly count: number;
}

/** What the caller selected. What is not wanted is not read. */
export interface PageParts {
  readonly jobs: boolean;
  readonly emails: boolean;
}
