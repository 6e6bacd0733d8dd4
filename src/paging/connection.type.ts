import { ArgsType, Field, Int, ObjectType } from "type-graphql";
import type { ConnectionArguments, ConnectionPage, Edge } from "./connection.ts";
import { DEFAULT_LIMIT, MAX_LIMIT } from "./page.ts";

const SIZE = `from 1 to ${MAX_LIMIT}; ${DEFAULT_LIMIT} from the front when neither \`first\` nor \`last\` is given. Both at once are BAD_USER_INPUT`;
const CURSOR = "A cursor of another list, filter or order, or a made-up one, is BAD_USER_INPUT; so is an empty one";

@ArgsType()
export class ConnectionArgumentsType implements ConnectionArguments {
  @Field(() => Int, { nullable: true, description: `How many from the front, or after \`after\`: ${SIZE}.` })
  readonly first?: number | null;

  @Field(() => String, { nullable: true, description: `Only what comes after this cursor. ${CURSOR}.` })
  readonly after?: string | null;

  @Field(() => Int, { nullable: true, description: `How many from the end, or before \`before\`: ${SIZE}.` })
  readonly last?: number | null;

  @Field(() => String, { nullable: true, description: `Only what comes before this cursor. ${CURSOR}.` })
  readonly before?: string | null;
}

@ObjectType({ description: "Where a page of a connection lies, as the Relay cursor connections specification has it." })
export class PageInfo {
  @Field(() => Boolean, {
    simple: true,
    description:
      "Forwards: whether there is more after this page. Backwards: whether `before` or an `offset` was given.",
  })
  readonly hasNextPage!: boolean;

  @Field(() => Boolean, {
    simple: true,
    description:
      "Backwards: whether there is more before this page. Forwards: whether `after` or an `offset` was given.",
  })
  readonly hasPreviousPage!: boolean;

  @Field(() => String, { simple: true, nullable: true, description: "Of the first edge. Null on an empty page." })
  readonly startCursor!: string | null;

  @Field(() => String, { simple: true, nullable: true, description: "Of the last edge. Null on an empty page." })
  readonly endCursor!: string | null;
}

interface Connection<Row> {
  readonly edges: readonly Edge<Row>[];
  readonly nodes: readonly Row[];
  readonly pageInfo: PageInfo;
  readonly totalCount: number;
}

export function connectionOf<Row>({
  edges,
  hasNextPage,
  hasPreviousPage,
  count,
}: ConnectionPage<Row>): Connection<Row> {
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: {
      hasNextPage,
      hasPreviousPage,
      get startCursor() {
        return edges[0]?.cursor ?? null;
      },
      get endCursor() {
        return edges.at(-1)?.cursor ?? null;
      },
    },
    totalCount: count,
  };
}
