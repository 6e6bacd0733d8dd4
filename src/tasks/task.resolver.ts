import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, Info, Int, Query, Resolver } from "type-graphql";
import type { RequestContext } from "../context.ts";
import { taskNotFound } from "../errors.ts";
import { selectedFields } from "../graphql/selected-fields.ts";
import { ConnectionArgumentsType, connectionOf } from "../paging/connection.type.ts";
import { DEFAULT_OFFSET, MAX_OFFSET } from "../paging/page.ts";
import { Uuid } from "../values/scalars.ts";
import { findTask } from "./find-task.ts";
import { listTasks } from "./list-tasks.ts";
import type { TaskRecord } from "./task.queries.ts";
import { Task } from "./task.type.ts";
import { TaskConnectionType, TaskFilterType } from "./task-connection.type.ts";

@Resolver(() => Task)
export class TaskResolver {
  @Query(() => Task, {
    description:
      "One batch verification task. A task that does not exist, was deleted or belongs to another user is NOT_FOUND.",
  })
  async task(
    @Arg("id", () => Uuid, { description: "The id of the task." }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<TaskRecord> {
    const task = await findTask(context, id);
    if (task === null) throw taskNotFound();
    return task;
  }

  @Query(() => TaskConnectionType, {
    description:
      "The tasks that the viewer can read, newest first. An admin can read the tasks of all users, other users only their " +
      "own. An argument out of bounds and a cursor of another filter are BAD_USER_INPUT.",
  })
  async tasks(
    @Args(() => ConnectionArgumentsType) page: ConnectionArgumentsType,
    @Arg("offset", () => Int, {
      defaultValue: DEFAULT_OFFSET,
      description:
        `The number of tasks to skip, from 0 to ${MAX_OFFSET}, for callers that show page numbers. Each 1,000 skipped tasks ` +
        "add one field to the cost of the query, up to 1,000 fields. A cursor adds none. An offset together with a cursor is " +
        "BAD_USER_INPUT.",
    })
    offset: number,
    @Arg("filter", () => TaskFilterType, {
      nullable: true,
      description: "Returns only matching tasks. Without a filter all tasks match.",
    })
    filter: TaskFilterType | null,
    @Ctx() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<TaskConnectionType> {
    const selected = selectedFields(info);
    const select = {
      tasks: selected.has("edges") || selected.has("nodes") || selected.has("pageInfo"),
      count: selected.has("totalCount"),
    };
    return connectionOf(await listTasks(context, { filter: filter ?? {}, select, page: { ...page, offset } }));
  }
}
