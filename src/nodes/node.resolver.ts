import { Arg, Ctx, ID, Query, Resolver } from "type-graphql";
import type { RequestContext } from "../context.ts";
import { Failure } from "../errors.ts";
import { isUuid } from "../values/uuid.ts";
import { findNode, type NodeRecord } from "./find-node.ts";
import { Node } from "./node.type.ts";

const MAX_NODES = 100;

@Resolver(() => Node)
export class NodeResolver {
  @Query(() => Node, {
    nullable: true,
    description:
      "The task, job or email with this id. Null if the text is not an id, or if the object does not exist, was deleted, or may " +
      "not be read by the caller. A caller may read a job whose task they may read, and an email that such a job refers to.",
  })
  node(
    @Arg("id", () => ID, { description: "The `id` of a task, a job or an email." }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<NodeRecord | null> | null {
    return isUuid(id) ? findNode(context, id.toLowerCase()) : null;
  }

  @Query(() => [Node], {
    nullable: "items",
    description:
      "The objects with these ids, in the same order. An item is null where `node` would be null. The number of statements " +
      `does not depend on the number of ids. More than ${MAX_NODES} ids are BAD_USER_INPUT.`,
  })
  nodes(
    @Arg("ids", () => [ID], { description: `The ids of up to ${MAX_NODES} tasks, jobs and emails.` }) ids: string[],
    @Ctx() context: RequestContext,
  ): Promise<(NodeRecord | null)[]> {
    if (ids.length > MAX_NODES) {
      throw Failure.ofFields([{ field: "ids", reason: `must not have more than ${MAX_NODES} values` }]);
    }
    return Promise.all(ids.map((id) => (isUuid(id) ? findNode(context, id.toLowerCase()) : null)));
  }
}
