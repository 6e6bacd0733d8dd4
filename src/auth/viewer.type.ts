import { Field, ObjectType } from "type-graphql";
import { Uuid } from "../values/scalars.ts";
import type { Viewer } from "./viewer.ts";

@ObjectType("Viewer", { description: "Who is asking." })
export class ViewerType implements Viewer {
  @Field(() => Uuid, { simple: true, description: "The user whose tasks the credential reads." })
  readonly userId!: string;

  @Field(() => Boolean, { simple: true, description: "Whether the credential reads everybody's tasks." })
  readonly isAdmin!: boolean;
}
