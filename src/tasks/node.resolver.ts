import { Arg, Ctx, ID, Query, Resolver } from "type-graphql";
import type { RequestContext } from "../context.ts";
import { Failure } from "../errors.ts";
import { isUuid } from "../values/uuid.ts";
import { findTask } from "./find-task.ts";
import { Node } from "./node.type.ts";
import type { TaskRecord } from "./task.ts";

const MAX_NODES = 100;

@Resolver(() => Node)
export class NodeResolver {
  @Query(() => Node, {
    nullable: true,
    description: "The task that has this id. Null for what is missing, somebody else's or no id at all.",
  })
  node(
    @Arg("id", () => ID, { description: "As an earlier answer gave it." }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<TaskRecord | null> | null {
    return isUuid(id) ? findTask(context, id.toLowerCase()) : null;
  }

  @Query(() => [Node], {
    nullable: "items",
    description:
      `Up to ${MAX_NODES} tasks by their ids, in the order of the ids, null for each that is missing, foreign or no id at ` +
      "all. More ids are BAD_USER_INPUT.",
  })
  nodes(
    @Arg("ids", () => [ID], { description: `As earlier answers gave them, up to ${MAX_NODES}.` }) ids: string[],
    @Ctx() context: RequestContext,
  ): Promise<(TaskRecord | null)[]> {
    if (ids.length > MAX_NODES) {
      throw Failure.ofFields([{ field: "ids", reason: `must not be more than ${MAX_NODES}` }]);
    }
    return Promise.all(ids.map((id) => (isUuid(id) ? findTask(context, id.toLowerCase()) : null)));
  }
}
