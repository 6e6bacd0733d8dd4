import { Field, InputType, registerEnumType } from "type-graphql";
import type { Deliverability } from "../email/deliverability.ts";
import { DeliverabilityEnum } from "../email/email.type.ts";
import { MAX_WORD_LENGTH, MAX_WORDS } from "../paging/filter.ts";
import { JobStatusEnum } from "../task-jobs/task-job.type.ts";
import { DateTime } from "../values/scalars.ts";
import type { JobFilter } from "./job-filter.ts";
import type { JobStatus } from "./job-record.ts";
import type { JobOrder } from "./job-search.ts";

export const JobOrderEnum = {
  CREATED_AT_DESC: "created_desc",
  CREATED_AT_ASC: "created_asc",
  UPDATED_AT_DESC: "updated_desc",
  UPDATED_AT_ASC: "updated_asc",
} as const satisfies Record<string, JobOrder>;

registerEnumType(JobOrderEnum, {
  name: "TaskJobOrder",
  description: "An order of jobs. Always total: equal moments are ordered by `id`, in the same direction.",
  valuesConfig: {
    CREATED_AT_DESC: { description: "Newest first, as `taskJobs` gives them. Changes move no job." },
    CREATED_AT_ASC: { description: "Oldest first. Changes move no job." },
    UPDATED_AT_DESC: { description: "Last changed first. A walk may pass over a job that changes meanwhile." },
    UPDATED_AT_ASC: {
      description:
        "Longest unchanged first. A job that changes during a walk comes again further on, so that whoever walks on from " +
        "the last cursor follows the changes. One that is committed with an `updatedAt` behind the cursor is passed over.",
    },
  },
});

const ofEmail = "Matches only jobs that have an email.";

@InputType({
  description:
    "Which jobs to take. The fields combine with AND, the values of a list with OR: an empty list matches nothing. A field " +
    `that is absent or null asks for nothing. More than ${MAX_WORDS} values in a list, or more than ${MAX_WORD_LENGTH} ` +
    "characters in a text, are BAD_USER_INPUT. States and times have an index; the email's fields and `addressContains` " +
    "are compared job by job, and where hardly any job of a very large task matches, it ends in DEPENDENCY_TIMEOUT: the " +
    "export waits longer.",
})
export class TaskJobFilter implements JobFilter {
  @Field(() => [JobStatusEnum], { nullable: true, description: "Jobs in any of these states." })
  readonly status?: JobStatus[] | null;

  @Field(() => [String], {
    nullable: true,
    description: `Any of these words of the verifier, exactly as they are written. ${ofEmail}`,
  })
  readonly emailStatus?: string[] | null;

  @Field(() => [DeliverabilityEnum], { nullable: true, description: `Any of these folded results. ${ofEmail}` })
  readonly deliverability?: Deliverability[] | null;

  @Field(() => Boolean, { nullable: true, description: `Role addresses, or all others. ${ofEmail}` })
  readonly isRoleBased?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: `Throw-away domains, or all others. ${ofEmail}` })
  readonly isDisposable?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: `Domains with MX records, or without. ${ofEmail}` })
  readonly hasMxRecords?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: `Hosts with reverse DNS, or without. ${ofEmail}` })
  readonly hasReverseDns?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: `Domains that take every address, or all others. ${ofEmail}` })
  readonly isCatchall?: boolean | null;

  @Field(() => Boolean, {
    nullable: true,
    description: `Addresses only a real message would settle, or all others. ${ofEmail}`,
  })
  readonly needsPhysicalVerify?: boolean | null;

  @Field(() => [String], {
    nullable: true,
    description: `Any of these domains; case is ignored as in \`addressContains\`. ${ofEmail}`,
  })
  readonly domain?: string[] | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Text that the submitted address contains. Case is ignored: A to Z match only a to z, and other letters match by Unicode's simple " +
      "case mappings. Text is not normalised: `ß` is not `ss`, the Turkish `ı` and `İ` match only themselves, and `é` is " +
      "not `e` with a combining accent. There are no wildcards.",
  })
  readonly addressContains?: string | null;

  @Field(() => Boolean, { nullable: true, description: `Whether there is a reason for an unknown result. ${ofEmail}` })
  readonly hasUnknownReason?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: "Jobs that have an email, or those that have none." })
  readonly hasEmail?: boolean | null;

  @Field(() => DateTime, { nullable: true, description: "Created at this moment or later." })
  readonly createdFrom?: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "Created before this moment. Nothing matches when it is not after `createdFrom`.",
  })
  readonly createdTo?: string | null;

  @Field(() => DateTime, { nullable: true, description: "Changed at this moment or later." })
  readonly updatedFrom?: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "Changed last before this moment. Nothing matches when it is not after `updatedFrom`.",
  })
  readonly updatedTo?: string | null;
}
