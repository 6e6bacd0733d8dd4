import { Field, Int, ObjectType, registerEnumType } from "type-graphql";
import type { JobRecord, JobStatus } from "../job-search/job-record.ts";
import { DateTime, Uuid } from "../values/scalars.ts";

export const JobStatusEnum = {
  PENDING: "pending",
  PROCESSING: "processing",
  COMPLETED: "completed",
  FAILED: "failed",
} as const satisfies Record<string, JobStatus>;

registerEnumType(JobStatusEnum, {
  name: "JobStatus",
  description: "How far the verification of one address has come.",
  valuesConfig: {
    PENDING: { description: "Waiting for a worker." },
    PROCESSING: { description: "A worker is verifying the address." },
    COMPLETED: { description: "Verified: the result is in `email`, unless its record was deleted." },
    FAILED: { description: "Given up after an error; there may be no `email`." },
  },
});

@ObjectType({ description: "One address of a batch verification task, and its result once there is one." })
export class TaskJob implements JobRecord {
  @Field(() => Uuid, { simple: true, description: "Identifies the job." })
  readonly id!: string;

  @Field(() => Uuid, { simple: true, description: "The task the job belongs to." })
  readonly taskId!: string;

  @Field(() => String, { simple: true, description: "The address to verify, as it was submitted." })
  readonly emailAddress!: string;

  @Field(() => JobStatusEnum, { simple: true, description: "How far the verification has come." })
  readonly status!: JobStatus;

  @Field(() => String, {
    simple: true,
    description:
      "The stored state in lower case: `pending`, `processing`, `completed`, `failed`, or a state that a newer " +
      "release has added and that `status` cannot express.",
  })
  readonly statusWord!: string;

  @Field(() => DateTime, { simple: true, description: "When the job was accepted; pages are ordered by it." })
  readonly createdAt!: string;

  @Field(() => DateTime, { simple: true, description: "When the job last changed." })
  readonly updatedAt!: string;

  /** Not a field: what the loader is asked for. */
  readonly emailId!: string | null;
}

@ObjectType({ description: "A page of a task's jobs." })
export class TaskJobs {
  @Field(() => [TaskJob], {
    simple: true,
    description:
      "The jobs of this page, newest first: by `createdAt` descending, ties broken by `id` descending. Empty past the end.",
  })
  readonly jobs!: readonly TaskJob[];

  @Field(() => Int, {
    simple: true,
    description: "All jobs that match; all of the task's without a filter. Not those on this page.",
  })
  readonly count!: number;

  @Field(() => Int, { simple: true, description: "The limit this page was asked with." })
  readonly limit!: number;

  @Field(() => Int, { simple: true, description: "The offset this page was asked with." })
  readonly offset!: number;
}
