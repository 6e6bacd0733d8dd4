import { Field, Int, ObjectType } from "type-graphql";
import { PageInfo } from "../paging/connection.type.ts";
import { TaskJob } from "../task-jobs/task-job.type.ts";

@ObjectType({ description: "A job and its cursor." })
export class TaskJobEdge {
  @Field(() => TaskJob, { simple: true, description: "The job." })
  readonly node!: TaskJob;

  @Field(() => String, {
    simple: true,
    description:
      "An opaque text for the arguments `after` and `before`, valid for the same task, filter and order. It does not expire.",
  })
  readonly cursor!: string;
}

@ObjectType({
  description:
    "The jobs of a task by cursor. Ordered by `createdAt`, all pages together return each job that exists throughout the " +
    "walk exactly once, even under concurrent writes. Ordered by `updatedAt`, a job that changes during the walk moves: " +
    "UPDATED_AT_ASC returns it again, UPDATED_AT_DESC may skip it. In every order, a job that starts or stops matching the " +
    "filter during the walk may be returned or skipped. Every page takes the same time, except with filters on fields of " +
    "the email or on the address, which are compared job by job until the page is full.",
})
export class TaskJobConnection {
  @Field(() => [TaskJobEdge], { simple: true, description: "The jobs of this page with their cursors." })
  readonly edges!: readonly TaskJobEdge[];

  @Field(() => [TaskJob], { simple: true, description: "The jobs of this page without their cursors." })
  readonly nodes!: readonly TaskJob[];

  @Field(() => PageInfo, { simple: true, description: "The position of this page in the connection." })
  readonly pageInfo!: PageInfo;

  @Field(() => Int, {
    simple: true,
    description:
      "The number of all jobs that match the filter, not only of those on this page. Counted only if selected.",
  })
  readonly totalCount!: number;
}
