import { Field, InputType, registerEnumType } from "type-graphql";
import type { Deliverability } from "../email/deliverability.ts";
import { DeliverabilityEnum } from "../email/email.type.ts";
import { MAX_WORD_LENGTH, MAX_WORDS } from "../paging/filter.ts";
import { JobStatusEnum } from "../task-jobs/task-job.type.ts";
import { DateTime } from "../values/scalars.ts";
import type { JobFilter } from "./job-filter.ts";
import { JOB_ORDERS } from "./job-order.ts";
import type { JobStatus } from "./job-record.ts";

export const JobOrderEnum = JOB_ORDERS;

registerEnumType(JobOrderEnum, {
  name: "TaskJobOrder",
  description: "An order of jobs. Jobs with equal timestamps are ordered by `id` in the same direction.",
  valuesConfig: {
    CREATED_AT_DESC: { description: "Newest first, which is the default. Changes do not move jobs." },
    CREATED_AT_ASC: { description: "Oldest first. Changes do not move jobs." },
    UPDATED_AT_DESC: {
      description: "Most recently changed first. A walk may skip a job that changes during the walk.",
    },
    UPDATED_AT_ASC: {
      description:
        "Least recently changed first. A job that changes during the walk is returned again, so that callers can follow " +
        "changes from their last cursor. A change that is committed with an `updatedAt` before the cursor is skipped.",
    },
  },
});

const hasEmail = "Matches only jobs that have an email.";

@InputType({
  description:
    "Conditions on jobs. The fields combine with AND and the values of a list with OR, so an empty list matches no job. A " +
    `field that is absent or null is no condition. More than ${MAX_WORDS} values in a list, or more than ${MAX_WORD_LENGTH} ` +
    "characters in a text, are BAD_USER_INPUT. Statuses and timestamps have an index. Fields of the email and " +
    "`addressContains` are compared job by job: if few jobs of a very large task match, the query fails with " +
    "DEPENDENCY_TIMEOUT. Use the export instead, which has a longer timeout.",
})
export class TaskJobFilter implements JobFilter {
  @Field(() => [JobStatusEnum], { nullable: true, description: "Matches jobs that have one of these statuses." })
  readonly status?: JobStatus[] | null;

  @Field(() => [String], {
    nullable: true,
    description: `Matches one of these statuses of the email exactly. ${hasEmail}`,
  })
  readonly emailStatus?: string[] | null;

  @Field(() => [DeliverabilityEnum], { nullable: true, description: `Matches one of these values. ${hasEmail}` })
  readonly deliverability?: Deliverability[] | null;

  @Field(() => Boolean, { nullable: true, description: `True for role addresses, false for all others. ${hasEmail}` })
  readonly isRoleBased?: boolean | null;

  @Field(() => Boolean, {
    nullable: true,
    description: `True for temporary addresses, false for all others. ${hasEmail}`,
  })
  readonly isDisposable?: boolean | null;

  @Field(() => Boolean, {
    nullable: true,
    description: `True for domains with MX records, false for domains without. ${hasEmail}`,
  })
  readonly hasMxRecords?: boolean | null;

  @Field(() => Boolean, {
    nullable: true,
    description: `True for mail hosts with a PTR record, false for hosts without. ${hasEmail}`,
  })
  readonly hasReverseDns?: boolean | null;

  @Field(() => Boolean, {
    nullable: true,
    description: `True for domains that accept every address, false for all others. ${hasEmail}`,
  })
  readonly isCatchall?: boolean | null;

  @Field(() => Boolean, {
    nullable: true,
    description: `True for addresses that only a real message can verify, false for all others. ${hasEmail}`,
  })
  readonly needsPhysicalVerify?: boolean | null;

  @Field(() => [String], {
    nullable: true,
    description: `Matches one of these domains. Case is ignored as in \`addressContains\`. ${hasEmail}`,
  })
  readonly domain?: string[] | null;

  @Field(() => String, {
    nullable: true,
    description:
      "A text that the submitted address contains. Case is ignored: A to Z match only a to z, and other letters match by the " +
      "simple case mappings of Unicode. Text is not normalised: `ß` is not `ss`, the Turkish `ı` and `İ` match only " +
      "themselves, and `é` is not `e` with a combining accent. There are no wildcards.",
  })
  readonly addressContains?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: `True for emails that have an \`unknownReason\`, false for emails without. ${hasEmail}`,
  })
  readonly hasUnknownReason?: boolean | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "True for jobs that have an email, false for jobs that have none.",
  })
  readonly hasEmail?: boolean | null;

  @Field(() => DateTime, { nullable: true, description: "Matches jobs that were created at this time or later." })
  readonly createdFrom?: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description:
      "Matches jobs that were created before this time. No job matches if this time is not after `createdFrom`.",
  })
  readonly createdTo?: string | null;

  @Field(() => DateTime, { nullable: true, description: "Matches jobs that last changed at this time or later." })
  readonly updatedFrom?: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description:
      "Matches jobs that last changed before this time. No job matches if this time is not after `updatedFrom`.",
  })
  readonly updatedTo?: string | null;
}
