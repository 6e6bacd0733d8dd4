import { Field, ID, InterfaceType, ObjectType } from "type-graphql";
import { DateTime, Uuid } from "../graphql/scalars.ts";
import type { TaskRecord } from "./task.ts";

@InterfaceType({
  description: "Something with an id of its own, which `node` and `nodes` find again.",
})
export abstract class Node {
  @Field(() => ID, { description: "Stable for as long as the thing is there." })
  readonly id!: string;
}

@ObjectType({
  implements: Node,
  description: "A batch verification task: a list of addresses that was submitted together.",
})
export class Task implements TaskRecord, Node {
  @Field(() => ID, { simple: true, description: "The task's UUID." })
  readonly id!: string;

  @Field(() => Uuid, {
    simple: true,
    nullable: true,
    description: "Whose task it is. Null: nobody's, for admins only.",
  })
  readonly userId!: string | null;

  @Field(() => String, {
    simple: true,
    nullable: true,
    description: "Where the list came from, such as a file's name.",
  })
  readonly source!: string | null;

  @Field(() => DateTime, { simple: true, description: "When the list was submitted." })
  readonly createdAt!: string;

  @Field(() => DateTime, {
    simple: true,
    description: "When the task itself last changed; its jobs change on their own.",
  })
  readonly updatedAt!: string;
}

@ObjectType("Viewer", { description: "Who is asking." })
export class ViewerType {
  @Field(() => Uuid, { simple: true, description: "The user whose tasks the credential reads." })
  readonly userId!: string;

  @Field(() => Boolean, { simple: true, description: "Whether the credential reads everybody's tasks." })
  readonly isAdmin!: boolean;
}
