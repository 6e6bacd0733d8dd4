import { GraphQLError } from "graphql";

/**
 * What one document may have, each beside the largest legitimate measurement (all in `docs/decisions/limits.md`): I is
 * GraphiQL's introspection query, P a page with every field, C the same through a connection
 * (`task { jobs { edges { node { email } } } }`), R the REST document. Fragments are counted where they are spread.
 */
export const GRAPHQL_LIMITS = {
  /** The document store keeps the text of a document as long as its nodes. */
  bytes: 64 * 1024,
  /** A response name is repeated in every row of a list, so its length multiplies. */
  nameLength: 128,
  /** Each operation of a document has its own cost formulas, so their number is limited. */
  operations: 25,
  /** I 184, R 97, C and P 71. Held by the parser: 100 KB of one repeated field took 611 ms without it, 9 ms with it. */
  tokens: 1000,
  /** I 109, R 33: one a token. Placing one error walks all the lines before it, and an error can name 300 places. */
  lines: 1000,
  /** P and R 4, C 6, a list of tasks with their jobs and emails 8. */
  depth: 10,
  /** I 15: nine `ofType` below `__schema.types.fields.args.type`. */
  introspectionDepth: 16,
  /** Each of them 1. A dashboard asks for some tasks at once. */
  rootFields: 20,
  /** None of them has one. Aliases at the root are how one request guesses many ids. */
  rootAliases: 15,
  /** None of them has one; a component that hides parts of itself has a handful. */
  directives: 20,
  /** I 10, the others 0; a page composed of components has some dozens. Inline fragments count too. */
  spreads: 100,
  /** I 230, C 33, P 27: every field of 18 pages fits. */
  fields: 500,
  /** All of them 0; 60 components that select the same `id` are 1,770. Validation compares fields of one name in pairs. */
  repeats: 2000,
} as const;

/** With graphql-js' "too many errors" there are nine: ten is where graphql-cop begins to call it a weakness. */
export const MAX_ERRORS = 8;

/** Of a refused document's errors. Each is cut short, and still nine can take more than the 4 KB that are promised. */
export const MAX_ERROR_BYTES = 3900;

/**
 * The fields that one answer may have, and what its searches count as. With 100 jobs P has 2,205, C 2,419 (2,459 with a
 * filter), R 2,105; I counts as 7,024. Four full pages fit, some 10 ms of the one thread that serves everybody.
 */
export const MAX_COST = 10_000;

/**
 * The bytes of all response names in one response, each counted once for every row that repeats it. The largest
 * legitimate use of each byte limit is in `docs/decisions/limits.md`.
 */
export const MAX_NAME_BYTES = 512 * 1024;

/** Quotes, a colon and a comma. */
export const PUNCTUATION_OF_A_NAME = 4;

/** The bytes of all names and values in one response. */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

export type LimitName = keyof typeof GRAPHQL_LIMITS;

const WHAT_IS_COUNTED: Record<LimitName, string> = {
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
  repeats: "pairs of fields with one name in one place",
};

export function beyondLimit(name: LimitName): GraphQLError {
  const allowed = GRAPHQL_LIMITS[name];
  return new GraphQLError(`The document has more than ${allowed} ${WHAT_IS_COUNTED[name]}, which is the limit`, {
    extensions: { limit: { name, allowed } },
  });
}
