import { Field, InputType, Int, ObjectType } from "type-graphql";
import { PageInfo } from "../paging/connection.type.ts";
import { MAX_WORD_LENGTH, MAX_WORDS } from "../paging/filter.ts";
import { DateTime, Uuid } from "../values/scalars.ts";
import type { TaskFilter } from "./task.queries.ts";
import { Task } from "./task.type.ts";

@InputType("TaskFilter", {
  description:
    "The conditions that a task must match. The fields combine with AND. A field that is absent or null matches all tasks. " +
    `More than ${MAX_WORDS} values in a list, or more than ${MAX_WORD_LENGTH} characters in a text, are BAD_USER_INPUT.`,
})
export class TaskFilterType implements TaskFilter {
  @Field(() => Uuid, {
    nullable: true,
    description: "Tasks of this user. It is useful only for admins, because other users see only their own tasks.",
  })
  readonly userId?: string | null;

  @Field(() => [String], {
    nullable: true,
    description: "Tasks whose source equals one of these texts. Case matters. An empty list matches nothing.",
  })
  readonly source?: string[] | null;

  @Field(() => DateTime, { nullable: true, description: "Tasks that were submitted at this time or later." })
  readonly createdFrom?: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "Tasks that were submitted before this time. Nothing matches if it is not after `createdFrom`.",
  })
  readonly createdTo?: string | null;
}

@ObjectType({ description: "A task and its cursor." })
export class TaskEdge {
  @Field(() => Task, { simple: true, description: "The task." })
  readonly node!: Task;

  @Field(() => String, {
    simple: true,
    description:
      "An opaque text for the arguments `after` and `before`, valid for the same filter. It does not expire.",
  })
  readonly cursor!: string;
}

@ObjectType("TaskConnection", {
  description:
    "Tasks by cursor, newest first. All pages together return each task that exists throughout the walk exactly once, even " +
    "under concurrent writes.",
})
export class TaskConnectionType {
  @Field(() => [TaskEdge], { simple: true, description: "The tasks of this page with their cursors." })
  readonly edges!: readonly TaskEdge[];

  @Field(() => [Task], { simple: true, description: "The tasks of this page without their cursors." })
  readonly nodes!: readonly Task[];

  @Field(() => PageInfo, { simple: true, description: "The position of this page in the connection." })
  readonly pageInfo!: PageInfo;

  @Field(() => Int, {
    simple: true,
    description:
      "The number of all tasks that match the filter, not only of those on this page. Counted only if selected.",
  })
  readonly totalCount!: number;
}
