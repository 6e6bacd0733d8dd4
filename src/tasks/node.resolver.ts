import { Arg, Ctx, ID, Query, Resolver } from "type-graphql";
import type { RequestContext } from "../context.ts";
import { Failure } from "../errors.ts";
import { isUuid } from "../values/uuid.ts";
import { findTask } from "./find-task.ts";
import { Node } from "./node.type.ts";
import type { TaskRecord } from "./task.queries.ts";

const MAX_NODES = 100;

@Resolver(() => Node)
export class NodeResolver {
  @Query(() => Node, {
    nullable: true,
    description:
      "The task with this id. Null if the task does not exist, belongs to another user, or the text is not an id.",
  })
  node(
    @Arg("id", () => ID, { description: "The `id` of a task." }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<TaskRecord | null> | null {
    return isUuid(id) ? findTask(context, id.toLowerCase()) : null;
  }

  @Query(() => [Node], {
    nullable: "items",
    description:
      `The tasks with these ids, in the same order. An item is null if its task does not exist, belongs to another user, or ` +
      `the text is not an id. More than ${MAX_NODES} ids are BAD_USER_INPUT.`,
  })
  nodes(
    @Arg("ids", () => [ID], { description: `The ids of up to ${MAX_NODES} tasks.` }) ids: string[],
    @Ctx() context: RequestContext,
  ): Promise<(TaskRecord | null)[]> {
    if (ids.length > MAX_NODES) {
      throw Failure.ofFields([{ field: "ids", reason: `must not have more than ${MAX_NODES} values` }]);
    }
    return Promise.all(ids.map((id) => (isUuid(id) ? findTask(context, id.toLowerCase()) : null)));
  }
}
