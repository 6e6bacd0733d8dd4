import { Field, Int, ObjectType } from "type-graphql";
import { DateTime } from "../../values/scalars.ts";
import type { VerificationCounts } from "./task-progress.ts";

@ObjectType({ description: "How many jobs that have an email fold into which deliverability." })
export class DeliverabilityCounts {
  @Field(() => Int, { simple: true, description: "The mailbox exists." })
  readonly deliverable!: number;

  @Field(() => Int, { simple: true, description: "Mail would bounce." })
  readonly undeliverable!: number;

  @Field(() => Int, { simple: true, description: "May be accepted and still reach nobody." })
  readonly risky!: number;

  @Field(() => Int, { simple: true, description: "Not known, and every word not met yet." })
  readonly unknown!: number;
}

@ObjectType("VerificationCounts", {
  description: "The results so far by the documented names, the later words folded into the earlier ones.",
})
export class VerificationCountsType implements VerificationCounts {
  @Field(() => Int, { simple: true, description: "`exists` and `valid`." })
  readonly exists!: number;

  @Field(() => Int, { simple: true, description: "`not_exists` and `invalid`." })
  readonly notExists!: number;

  @Field(() => Int, { simple: true, description: "`catchall`." })
  readonly catchall!: number;

  @Field(() => Int, { simple: true, description: "`invalid_syntax`." })
  readonly invalidSyntax!: number;

  @Field(() => Int, { simple: true, description: "`unknown` and every word not met yet." })
  readonly unknown!: number;

  @Field(() => Int, { simple: true, description: "Role addresses, whatever their result." })
  readonly roleBased!: number;

  @Field(() => Int, {
    simple: true,
    description: "Addresses of throw-away domains: `disposable_domain`, and whatever else is marked as disposable.",
  })
  readonly disposableDomainEmails!: number;
}

@ObjectType("TaskProgress", {
  description:
    "How far a task has come, of all its jobs or of those that match a filter. Cheap enough to poll: it is counted once a " +
    "second at the most and shared by all who ask. An answer is up to a second old, or up to twice as old as its count took, if that is more. " +
    "Where counting takes longer than a request may, the first one ends with DEPENDENCY_TIMEOUT and those within a minute get that count.",
})
export class TaskProgressType {
  @Field(() => Int, {
    simple: true,
    description: "The number of all jobs, including jobs in a state that this release does not know.",
  })
  readonly total!: number;

  @Field(() => Int, { simple: true, description: "Waiting for a worker." })
  readonly pending!: number;

  @Field(() => Int, { simple: true, description: "Being verified." })
  readonly processing!: number;

  @Field(() => Int, { simple: true, description: "Verified." })
  readonly completed!: number;

  @Field(() => Int, { simple: true, description: "Given up." })
  readonly failed!: number;

  @Field(() => Int, {
    simple: true,
    description: "Completed and failed, of all, in whole percent rounded down: 100 means done. 0 for no jobs.",
  })
  readonly percent!: number;

  @Field(() => DeliverabilityCounts, { simple: true, description: "The results so far. Counted only when selected." })
  readonly deliverability!: DeliverabilityCounts;

  @Field(() => VerificationCountsType, {
    simple: true,
    description: "The results by name. Counted only when selected.",
  })
  readonly verification!: VerificationCountsType;

  @Field(() => Boolean, {
    simple: true,
    description: "Whether the task has jobs and all of them are completed or failed.",
  })
  readonly isComplete!: boolean;

  @Field(() => DateTime, { simple: true, nullable: true, description: "When a job last changed. Null for no jobs." })
  readonly lastUpdatedAt!: string | null;
}
