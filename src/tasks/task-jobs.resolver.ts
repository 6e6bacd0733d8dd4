import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, FieldResolver, Info, Resolver, Root } from "type-graphql";
import type { RequestContext } from "../context.ts";
import { selectedFields } from "../graphql/selected-fields.ts";
import { TaskJobConnection } from "../job-search/job-connection.type.ts";
import { JobOrderEnum, TaskJobFilter } from "../job-search/job-filter.type.ts";
import type { JobOrder } from "../job-search/job-search.queries.ts";
import { listJobConnection } from "../job-search/list-job-connection.ts";
import { ConnectionArgumentsType, connectionOf } from "../paging/connection.type.ts";
import { Task } from "./task.type.ts";

@Resolver(() => Task)
export class JobConnectionResolver {
  @FieldResolver(() => TaskJobConnection, {
    description:
      "The task's jobs by cursor, in either direction. What is out of bounds is BAD_USER_INPUT, and so is a cursor of " +
      "another task, filter or order. One statement reads the jobs of a whole page of tasks. For each task it costs ten " +
      "fields more than it has, with a filter fifty.",
  })
  async jobs(
    @Root() task: Task,
    @Args(() => ConnectionArgumentsType) page: ConnectionArgumentsType,
    @Arg("filter", () => TaskJobFilter, { nullable: true, description: "Which jobs; all when absent." })
    filter: TaskJobFilter | null,
    @Arg("orderBy", () => JobOrderEnum, { nullable: true, description: "CREATED_AT_DESC when absent." })
    orderBy: JobOrder | null,
    @Ctx() { findTaskJobs }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<TaskJobConnection> {
    const selected = selectedFields(info);
    const select = {
      jobs: selected.has("edges") || selected.has("nodes") || selected.has("pageInfo"),
      count: selected.has("totalCount"),
    };
    const search = { taskId: task.id, filter: filter ?? {}, order: orderBy ?? "created_desc", select } as const;
    return connectionOf(await listJobConnection(findTaskJobs, search, page));
  }
}
