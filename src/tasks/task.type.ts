import { Field, ID, ObjectType } from "type-graphql";
import { DateTime, Uuid } from "../values/scalars.ts";
import { Node } from "./node.type.ts";
import type { TaskRecord } from "./task.ts";

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
    description: "Where the list came from, such as a file's name. Null when whoever submitted it did not say.",
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
