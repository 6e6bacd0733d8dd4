import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, Info, Int, Query, Resolver } from "type-graphql";
import type { RequestContext } from "../context.ts";
import { selectedFields } from "../graphql/selected-fields.ts";
import { ConnectionArgumentsType, connectionOf } from "../paging/connection.type.ts";
import { DEFAULT_OFFSET, MAX_OFFSET } from "../paging/page.ts";
import { listTasks } from "./list-tasks.ts";
import { TaskConnectionType, TaskFilterType } from "./task-connection.type.ts";

@Resolver(() => TaskConnectionType)
export class TaskConnectionResolver {
  @Query(() => TaskConnectionType, {
    description:
      "The tasks the viewer may see, newest first: their own, or everybody's for an admin. What is out of bounds is " +
      "BAD_USER_INPUT, and so is a cursor of another filter.",
  })
  async tasks(
    @Args(() => ConnectionArgumentsType) page: ConnectionArgumentsType,
    @Arg("offset", () => Int, {
      defaultValue: DEFAULT_OFFSET,
      description:
        `How many tasks to skip, from 0 to ${MAX_OFFSET}; for callers who count pages. Every 1,000 skipped tasks cost one ` +
        "field, and any offset at most 1,000 fields; a cursor costs none. An offset together with a cursor is BAD_USER_INPUT.",
    })
    offset: number,
    @Arg("filter", () => TaskFilterType, { nullable: true, description: "Which tasks; all when absent." })
    filter: TaskFilterType | null,
    @Ctx() { tasks, viewer, audit, deadline }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<TaskConnectionType> {
    const selected = selectedFields(info);
    const parts = {
      tasks: selected.has("edges") || selected.has("nodes") || selected.has("pageInfo"),
      count: selected.has("totalCount"),
    };
    const asked = { viewer, deadline, filter: filter ?? {}, parts };
    return connectionOf(await listTasks(tasks, asked, { ...page, offset }, audit));
  }
}
