import { Field, ID, InterfaceType } from "type-graphql";

@InterfaceType({
  description: "Something with an id of its own, which `node` and `nodes` find again. Only tasks are, so far.",
})
export abstract class Node {
  @Field(() => ID, { description: "Stable for as long as the thing is there." })
  readonly id!: string;
}
