import { Field, Int, ObjectType } from "type-graphql";
import { DateTime } from "../../values/scalars.ts";
import type { VerificationCounts } from "./task-progress.ts";

@ObjectType({ description: "The number of jobs with an email for each deliverability." })
export class DeliverabilityCounts {
  @Field(() => Int, { simple: true, description: "Jobs whose mailbox exists." })
  readonly deliverable!: number;

  @Field(() => Int, { simple: true, description: "Jobs whose mail would bounce." })
  readonly undeliverable!: number;

  @Field(() => Int, { simple: true, description: "Jobs whose mail may be accepted without reaching a person." })
  readonly risky!: number;

  @Field(() => Int, { simple: true, description: "Jobs whose result is not known." })
  readonly unknown!: number;
}

@ObjectType("VerificationCounts", {
  description: "The number of jobs for each result. Later statuses of the service count as the earlier ones.",
})
export class VerificationCountsType implements VerificationCounts {
  @Field(() => Int, { simple: true, description: "Jobs with the email status `exists` or `valid`." })
  readonly exists!: number;

  @Field(() => Int, { simple: true, description: "Jobs with the email status `not_exists` or `invalid`." })
  readonly notExists!: number;

  @Field(() => Int, { simple: true, description: "Jobs with the email status `catchall`." })
  readonly catchall!: number;

  @Field(() => Int, { simple: true, description: "Jobs with the email status `invalid_syntax`." })
  readonly invalidSyntax!: number;

  @Field(() => Int, {
    simple: true,
    description: "Jobs with the email status `unknown` or a status that this API does not know.",
  })
  readonly unknown!: number;

  @Field(() => Int, { simple: true, description: "Jobs with a role address such as sales@, with any email status." })
  readonly roleBased!: number;

  @Field(() => Int, {
    simple: true,
    description: "Jobs with the email status `disposable_domain` or with `isDisposable`.",
  })
  readonly disposableDomainEmails!: number;
}

@ObjectType("TaskProgress", {
  description:
    "The progress of a task, counted over all its jobs or over those that match a filter. Polling is cheap, because all " +
    "callers share one count per second. A result is at most one second old or, if the count takes longer than half a second, " +
    "at most twice as old as the count took. If a count takes longer than a request may take, the request ends with " +
    "DEPENDENCY_TIMEOUT, and requests within the next minute receive the result of that count.",
})
export class TaskProgressType {
  @Field(() => Int, {
    simple: true,
    description: "The number of all jobs, including jobs with a status that this release does not know.",
  })
  readonly total!: number;

  @Field(() => Int, { simple: true, description: "Jobs that wait for a worker." })
  readonly pending!: number;

  @Field(() => Int, { simple: true, description: "Jobs that a worker is verifying." })
  readonly processing!: number;

  @Field(() => Int, { simple: true, description: "Jobs whose address was verified." })
  readonly completed!: number;

  @Field(() => Int, { simple: true, description: "Jobs whose verification ended with an error." })
  readonly failed!: number;

  @Field(() => Int, {
    simple: true,
    description:
      "The percentage of completed and failed jobs, from 0 to 100, rounded down. 100 means that all jobs are done. 0 if there are no jobs.",
  })
  readonly percent!: number;

  @Field(() => DeliverabilityCounts, {
    simple: true,
    description: "The results by deliverability. Counted only if selected.",
  })
  readonly deliverability!: DeliverabilityCounts;

  @Field(() => VerificationCountsType, {
    simple: true,
    description: "The results by email status. Counted only if selected.",
  })
  readonly verification!: VerificationCountsType;

  @Field(() => Boolean, {
    simple: true,
    description: "Whether the task has jobs and all of them are completed or failed.",
  })
  readonly isComplete!: boolean;

  @Field(() => DateTime, {
    simple: true,
    nullable: true,
    description: "When a job last changed. Null if there are no jobs.",
  })
  readonly lastUpdatedAt!: string | null;
}
