import { Field, ObjectType } from "type-graphql";
import type { ConnectionPage } from "../connection.ts";

@ObjectType({ description: "Where a page of a connection lies, as the Relay cursor connections specification has it." })
export class PageInfo {
  @Field(() => Boolean, { simple: true, description: "Whether there is more after this page, when paging forwards." })
  readonly hasNextPage!: boolean;

  @Field(() => Boolean, { simple: true, description: "Whether there is more before this page, when paging backwards." })
  readonly hasPreviousPage!: boolean;

  @Field(() => String, { simple: true, nullable: true, description: "Of the first edge. Null on an empty page." })
  readonly startCursor!: string | null;

  @Field(() => String, { simple: true, nullable: true, description: "Of the last edge. Null on an empty page." })
  readonly endCursor!: string | null;
}

export function pageInfoOf(page: ConnectionPage<unknown>): PageInfo {
  return {
    hasNextPage: page.hasNextPage,
    hasPreviousPage: page.hasPreviousPage,
    startCursor: page.cursors[0] ?? null,
    endCursor: page.cursors.at(-1) ?? null,
  };
}
