import { Field, Int, ObjectType } from "type-graphql";
import { PageInfo } from "../paging/connection.type.ts";
import { TaskJob } from "../task-jobs/task-job.type.ts";

@ObjectType({ description: "A job and its place in the connection." })
export class TaskJobEdge {
  @Field(() => TaskJob, { simple: true, description: "The job." })
  readonly node!: TaskJob;

  @Field(() => String, {
    simple: true,
    description: "Opaque. Good for the same task, filter and order, for as long as you like.",
  })
  readonly cursor!: string;
}

@ObjectType({
  description:
    "A task's jobs by cursor. Ordered by `createdAt`, a walk sees each job that was there at its start, and still is, exactly " +
    "once, whatever is inserted, deleted or changed meanwhile. Ordered by `updatedAt`, a job that changes during the walk " +
    "moves: in UPDATED_AT_ASC it comes again, in UPDATED_AT_DESC it may be passed over. In every order a job that begins or " +
    "ceases to match the filter meanwhile may be seen or not. The last page costs what the first does, but for filters on " +
    "the email's fields and on the address, which read along the order until a page is full.",
})
export class TaskJobConnection {
  @Field(() => [TaskJobEdge], { simple: true, description: "The jobs of this page with their cursors." })
  readonly edges!: readonly TaskJobEdge[];

  @Field(() => [TaskJob], { simple: true, description: "The jobs of this page without their cursors." })
  readonly nodes!: readonly TaskJob[];

  @Field(() => PageInfo, { simple: true, description: "Where this page lies." })
  readonly pageInfo!: PageInfo;

  @Field(() => Int, {
    simple: true,
    description: "All jobs that match the filter, not those on this page. Counted only when selected.",
  })
  readonly totalCount!: number;
}
