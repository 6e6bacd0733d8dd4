import { Field, ObjectType } from "type-graphql";
import { Uuid } from "../values/scalars.ts";
import type { Viewer } from "./viewer.ts";

@ObjectType("Viewer", { description: "The authenticated user." })
export class ViewerType implements Viewer {
  @Field(() => Uuid, { simple: true, description: "The UUID of the user whose tasks the credential can read." })
  readonly userId!: string;

  @Field(() => Boolean, { simple: true, description: "Whether the credential can read the tasks of all users." })
  readonly isAdmin!: boolean;
}
