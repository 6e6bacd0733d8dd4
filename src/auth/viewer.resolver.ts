import { Ctx, Query, Resolver } from "type-graphql";
import type { RequestContext } from "../context.ts";
import type { Viewer } from "./viewer.ts";
import { ViewerType } from "./viewer.type.ts";

@Resolver(() => ViewerType)
export class ViewerResolver {
  @Query(() => ViewerType, { description: "The user that the credential of this request belongs to." })
  viewer(@Ctx() { viewer }: RequestContext): Viewer {
    return viewer;
  }
}
