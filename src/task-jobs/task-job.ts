import type { Viewer } from "../auth/viewer.ts";
import type { Deadline } from "../deadline.ts";
import type { JoinedEmail } from "../email/email.ts";
import type { Page } from "../page.ts";

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

export interface JobPageRequest {
  readonly viewer: Viewer;
  readonly taskId: string;
  readonly page: Page;
  readonly parts: PageParts;
  readonly deadline: Deadline;
}

/** What the caller selected. What is not wanted is not read. */
interface PageParts {
  readonly jobs: boolean;
  readonly emails: boolean;
}
