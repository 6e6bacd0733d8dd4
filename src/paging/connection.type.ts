import { ArgsType, Field, Int, ObjectType } from "type-graphql";
import type { ConnectionArguments, ConnectionPage, Edge } from "./connection.ts";
import { DEFAULT_LIMIT, MAX_LIMIT } from "./page.ts";

const SIZE = `from 1 to ${MAX_LIMIT}. Without \`first\` and \`last\` the page has the first ${DEFAULT_LIMIT} items; both together are BAD_USER_INPUT`;
const CURSOR = "An empty or invalid cursor, or a cursor of another list, filter or order, is BAD_USER_INPUT";

@ArgsType()
export class ConnectionArgumentsType implements ConnectionArguments {
  @Field(() => Int, {
    nullable: true,
    description: `The number of items from the start of the list, or after \`after\`, ${SIZE}.`,
  })
  readonly first?: number | null;

  @Field(() => String, { nullable: true, description: `Returns only items after this cursor. ${CURSOR}.` })
  readonly after?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: `The number of items from the end of the list, or before \`before\`, ${SIZE}.`,
  })
  readonly last?: number | null;

  @Field(() => String, { nullable: true, description: `Returns only items before this cursor. ${CURSOR}.` })
  readonly before?: string | null;
}

@ObjectType({
  description: "The position of a page in its connection, as defined by the Relay cursor connections specification.",
})
export class PageInfo {
  readonly #edges: ConnectionPage<unknown>["edges"];

  constructor({ edges, hasNextPage, hasPreviousPage }: Omit<ConnectionPage<unknown>, "count">) {
    this.#edges = edges;
    this.hasNextPage = hasNextPage;
    this.hasPreviousPage = hasPreviousPage;
  }

  @Field(() => Boolean, {
    simple: true,
    description:
      "With `first`: whether items follow this page. With `last`: whether `before` or an `offset` was given.",
  })
  readonly hasNextPage: boolean;

  @Field(() => Boolean, {
    simple: true,
    description:
      "With `last`: whether items precede this page. With `first`: whether `after` or an `offset` was given.",
  })
  readonly hasPreviousPage: boolean;

  @Field(() => String, {
    simple: true,
    nullable: true,
    description: "The cursor of the first edge. Null if the page is empty.",
  })
  get startCursor(): string | null {
    return this.#edges[0]?.cursor ?? null;
  }

  @Field(() => String, {
    simple: true,
    nullable: true,
    description: "The cursor of the last edge. Null if the page is empty.",
  })
  get endCursor(): string | null {
    return this.#edges.at(-1)?.cursor ?? null;
  }
}

interface Connection<Row> {
  readonly edges: readonly Edge<Row>[];
  readonly nodes: readonly Row[];
  readonly pageInfo: PageInfo;
  readonly totalCount: number;
}

export function connectionOf<Row>(page: ConnectionPage<Row>): Connection<Row> {
  const { edges, count } = page;
  return { edges, nodes: edges.map(({ node }) => node), pageInfo: new PageInfo(page), totalCount: count };
}
