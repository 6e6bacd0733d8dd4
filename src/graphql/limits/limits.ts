import { GraphQLError } from "graphql";

/**
 * The limits of one document, in which fragments are counted where they are spread. `docs/measurements/limits.md` has the
 * largest legitimate use of each limit.
 */
export const GRAPHQL_LIMITS = {
  /** The document store keeps the text of a document as long as its nodes. */
  bytes: 64 * 1024,
  /** A response name is repeated in every row of a list, so its length multiplies. */
  nameLength: 128,
  /** Each operation of a document has its own cost formulas, so their number is limited. */
  operations: 25,
  /** Applied by the parser, because parsing is the first work that a long document causes. */
  tokens: 1000,
  /** graphql-js walks all lines before an error to find its location, and errors can have 300 locations. */
  lines: 1000,
  depth: 10,
  /** Introspection needs nine levels of `ofType`. */
  introspectionDepth: 16,
  /** A dashboard requests several tasks in one document. */
  rootFields: 20,
  /** With aliases of root fields, one request can guess many ids. */
  rootAliases: 15,
  directives: 20,
  /** Fragment spreads and inline fragments. */
  spreads: 100,
  /** GraphiQL's introspection query has 230 fields. */
  fields: 500,
  /** Pairs of fields with one response name at one position, which validation compares. */
  repeats: 2000,
} as const;

/** The errors of validation. graphql-js adds "too many errors" to them, and graphql-cop warns from ten errors on. */
export const MAX_ERRORS = 8;

/** The bytes of the errors of a refused document. Each error is shortened, but nine of them can exceed 4 KB. */
export const MAX_ERROR_BYTES = 3900;

/** The number of fields in the largest response to a query. Four full pages of 100 jobs with their emails fit. */
export const MAX_COST = 10_000;

/** The bytes of all response names in one response, each counted once for every row that repeats it. */
export const MAX_NAME_BYTES = 512 * 1024;

/** The quotes, the colon and the comma of a name in JSON. */
export const PUNCTUATION_OF_A_NAME = 4;

/** The bytes of all names and values in one response. */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

export type LimitName = keyof typeof GRAPHQL_LIMITS;

const DESCRIPTIONS: Record<LimitName, string> = {
  bytes: "bytes",
  nameLength: "characters in one name",
  operations: "operations",
  tokens: "tokens",
  lines: "lines",
  depth: "levels of fields",
  introspectionDepth: "levels of fields below __schema or __type",
  rootFields: "root fields",
  rootAliases: "aliases of root fields",
  directives: "directives",
  spreads: "fragment spreads and inline fragments",
  fields: "fields, counting fragments where they are spread",
  repeats: "pairs of fields with the same name at the same position",
};

export function limitExceeded(name: LimitName): GraphQLError {
  const allowed = GRAPHQL_LIMITS[name];
  return new GraphQLError(`The document has more than ${allowed} ${DESCRIPTIONS[name]}, which is the limit`, {
    extensions: { limit: { name, allowed } },
  });
}
