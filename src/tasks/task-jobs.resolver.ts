import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, FieldResolver, Info, Resolver, Root } from "type-graphql";
import type { RequestContext } from "../context.ts";
import { selectedFields } from "../graphql/selected-fields.ts";
import { TaskJobConnection } from "../job-search/job-connection.type.ts";
import { JobOrderEnum, TaskJobFilter } from "../job-search/job-filter.type.ts";
import type { JobOrder } from "../job-search/job-order.ts";
import { listJobConnection } from "../job-search/list-job-connection.ts";
import { ConnectionArgumentsType, connectionOf } from "../paging/connection.type.ts";
import { Task } from "./task.type.ts";

@Resolver(() => Task)
export class TaskJobsConnectionResolver {
  @FieldResolver(() => TaskJobConnection, {
    description:
      "The jobs of the task by cursor, in both directions. An argument out of bounds and a cursor of another task, filter or " +
      "order are BAD_USER_INPUT. One statement reads the jobs of a whole page of tasks. In addition to its fields, this " +
      "connection costs 10 fields for each task, or 50 with a filter.",
  })
  async jobs(
    @Root() task: Task,
    @Args(() => ConnectionArgumentsType) page: ConnectionArgumentsType,
    @Arg("filter", () => TaskJobFilter, {
      nullable: true,
      description: "Returns only matching jobs. Without a filter all jobs match.",
    })
    filter: TaskJobFilter | null,
    @Arg("orderBy", () => JobOrderEnum, {
      nullable: true,
      description: "The order of the jobs. The default is CREATED_AT_DESC.",
    })
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
