import { Field, Int, ObjectType } from "type-graphql";
import { PageInfo } from "../graphql/page-info.type.ts";
import { TaskJob } from "./task-job.type.ts";

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
    "A task's jobs by cursor. A walk sees no job twice and misses none that was there, whatever is inserted, deleted or " +
    "changed meanwhile, and its last page costs what its first does.",
})
export class TaskJobConnection {
  @Field(() => [TaskJobEdge], { simple: true, description: "The jobs of this page with their cursors." })
  readonly edges!: TaskJobEdge[];

  @Field(() => [TaskJob], { simple: true, description: "The jobs of this page without their cursors." })
  readonly nodes!: TaskJob[];

  @Field(() => PageInfo, { simple: true, description: "Where this page lies." })
  readonly pageInfo!: PageInfo;

  @Field(() => Int, {
    simple: true,
    description: "All jobs that match the filter, not those on this page. Counted only when selected.",
  })
  readonly totalCount!: number;
}
