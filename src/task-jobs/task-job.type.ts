import { Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import type { JobRecord, JobStatus } from "../job-search/job-record.ts";
import { Node } from "../nodes/node.type.ts";
import { DateTime, Uuid } from "../values/scalars.ts";

export const JobStatusEnum = {
  PENDING: "pending",
  PROCESSING: "processing",
  COMPLETED: "completed",
  FAILED: "failed",
} as const satisfies Record<string, JobStatus>;

registerEnumType(JobStatusEnum, {
  name: "JobStatus",
  description: "The progress of the verification of one address.",
  valuesConfig: {
    PENDING: { description: "Waiting for a worker." },
    PROCESSING: { description: "A worker is verifying the address." },
    COMPLETED: { description: "The address was verified. `email` has the result, unless its record was deleted." },
    FAILED: { description: "The verification ended with an error. `email` may be null." },
  },
});

@ObjectType({
  implements: Node,
  description: "One address of a batch verification task and the result of its verification.",
})
export class TaskJob implements JobRecord, Node {
  @Field(() => ID, { simple: true, description: "The id of the job, a UUID in lower case." })
  readonly id!: string;

  @Field(() => Uuid, { simple: true, description: "The id of the task that the job belongs to." })
  readonly taskId!: string;

  @Field(() => String, { simple: true, description: "The address to verify, as it was submitted." })
  readonly emailAddress!: string;

  @Field(() => JobStatusEnum, { simple: true, description: "The progress of the verification." })
  readonly status!: JobStatus;

  @Field(() => String, {
    simple: true,
    description:
      "The stored status in lower case: `pending`, `processing`, `completed`, `failed`, or a status of a newer release, " +
      "for which `status` is an error.",
  })
  readonly statusWord!: string;

  @Field(() => DateTime, {
    simple: true,
    description: "When the job was accepted. By default, pages are ordered by this timestamp.",
  })
  readonly createdAt!: string;

  @Field(() => DateTime, { simple: true, description: "When the job last changed." })
  readonly updatedAt!: string;

  /** The key of the email loader. It is not a field of the schema. */
  readonly emailId!: string | null;
}

@ObjectType({ description: "A page of a task's jobs." })
export class TaskJobs {
  @Field(() => [TaskJob], {
    simple: true,
    description:
      "The jobs of this page in the order of `orderBy`, and of `id` if timestamps are equal. Empty past the end.",
  })
  readonly jobs!: readonly TaskJob[];

  @Field(() => Int, {
    simple: true,
    description: "The number of all matching jobs of the task, not only of those on this page.",
  })
  readonly count!: number;

  @Field(() => Int, { simple: true, description: "The `limit` argument of this page." })
  readonly limit!: number;

  @Field(() => Int, { simple: true, description: "The `offset` argument of this page." })
  readonly offset!: number;
}
