import { Field, ID, ObjectType } from "type-graphql";
import { Node } from "../nodes/node.type.ts";
import { DateTime, Uuid } from "../values/scalars.ts";
import type { TaskRecord } from "./task.queries.ts";

@ObjectType({
  implements: Node,
  description: "A batch verification task: a list of email addresses that were submitted together.",
})
export class Task implements TaskRecord, Node {
  @Field(() => ID, { simple: true, description: "The id of the task, a UUID in lower case." })
  readonly id!: string;

  @Field(() => Uuid, {
    simple: true,
    nullable: true,
    description: "The user who owns the task. Null if no user owns it, so that only admins can read it.",
  })
  readonly userId!: string | null;

  @Field(() => String, {
    simple: true,
    nullable: true,
    description: "The source of the list, such as a file name. Null if it was not given.",
  })
  readonly source!: string | null;

  @Field(() => DateTime, { simple: true, description: "When the list was submitted." })
  readonly createdAt!: string;

  @Field(() => DateTime, {
    simple: true,
    description: "When the task itself last changed. Changes of its jobs do not count.",
  })
  readonly updatedAt!: string;
}
