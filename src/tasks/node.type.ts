import { Field, ID, InterfaceType } from "type-graphql";

@InterfaceType({
  description: "An object that `node` and `nodes` can return by its id, as defined by Relay. Only tasks are nodes.",
})
export abstract class Node {
  @Field(() => ID, { description: "The id of the object. It never changes." })
  readonly id!: string;
}
