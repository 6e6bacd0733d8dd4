import { Field, ID, InterfaceType } from "type-graphql";

@InterfaceType({
  description:
    "An object that `node` and `nodes` can return by its id, as defined by Relay: a task, a job of a task, or an email.",
})
export abstract class Node {
  @Field(() => ID, { description: "The id of the object, a UUID in lower case. It never changes." })
  readonly id!: string;
}
