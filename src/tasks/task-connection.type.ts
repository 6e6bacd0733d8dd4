import { Field, InputType, Int, ObjectType } from "type-graphql";
import { PageInfo } from "../paging/connection.type.ts";
import { MAX_WORD_LENGTH, MAX_WORDS } from "../paging/filter.ts";
import { DateTime, Uuid } from "../values/scalars.ts";
import { Task } from "./task.type.ts";
import type { TaskFilter } from "./task-filter.ts";

@InputType("TaskFilter", {
  description:
    "Which tasks to take. The fields combine with AND; one that is absent or null asks for nothing. More than " +
    `${MAX_WORDS} values in a list, or more than ${MAX_WORD_LENGTH} characters in a text, are BAD_USER_INPUT.`,
})
export class TaskFilterType implements TaskFilter {
  @Field(() => Uuid, {
    nullable: true,
    description: "This user's. For admins: anyone else sees only their own anyway.",
  })
  readonly userId?: string | null;

  @Field(() => [String], {
    nullable: true,
    description: "From any of these sources, exactly as they are written: an empty list matches nothing.",
  })
  readonly source?: string[] | null;

  @Field(() => DateTime, { nullable: true, description: "Submitted at this moment or later." })
  readonly createdFrom?: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "Submitted before this moment. Nothing matches when it is not after `createdFrom`.",
  })
  readonly createdTo?: string | null;
}

@ObjectType({ description: "A task and its place in the connection." })
export class TaskEdge {
  @Field(() => Task, { simple: true, description: "The task." })
  readonly node!: Task;

  @Field(() => String, { simple: true, description: "Opaque. Good for the same filter, for as long as you like." })
  readonly cursor!: string;
}

@ObjectType("TaskConnection", {
  description:
    "Tasks by cursor, newest first: a walk sees each that was there at its start, and still is, exactly once.",
})
export class TaskConnectionType {
  @Field(() => [TaskEdge], { simple: true, description: "The tasks of this page with their cursors." })
  readonly edges!: readonly TaskEdge[];

  @Field(() => [Task], { simple: true, description: "The tasks of this page without their cursors." })
  readonly nodes!: readonly Task[];

  @Field(() => PageInfo, { simple: true, description: "Where this page lies." })
  readonly pageInfo!: PageInfo;

  @Field(() => Int, {
    simple: true,
    description: "All tasks that match, not those on this page. Counted only when selected.",
  })
  readonly totalCount!: number;
}
