import { type GraphQLFormattedError, type GraphQLSchema, isIntrospectionType, isSpecifiedScalarType } from "graphql";
import { beyondLimit } from "./limits.ts";

/** graphql-js repeats what the caller wrote, were it a name of 60 KB, and points at every place of it. */
const MAX_MESSAGE_LENGTH = 300;
const MAX_LOCATIONS = 4;

/** Apollo's messages name the product, and advise whoever runs it. */
const OUR_WORDS: readonly (readonly [RegExp, string])[] = [
  [/introspection is not allowed/, "Introspection is switched off on this server"],
  [/apollo/i, "The request is malformed"],
];

/** What a caller is told of a request that is wrong in itself. */
export function refusalOf({ message, locations, extensions = {} }: GraphQLFormattedError): GraphQLFormattedError {
  if (message.includes("Document contains more that")) {
    const { message, extensions } = beyondLimit("tokens");
    return { message, extensions: { code: "GRAPHQL_VALIDATION_FAILED", ...extensions } };
  }
  const { code, limit, cost } = extensions;
  return {
    message: shortened(OUR_WORDS.find(([theirs]) => theirs.test(message))?.[1] ?? message),
    ...(locations === undefined ? {} : { locations: locations.slice(0, MAX_LOCATIONS) }),
    extensions: { code, ...(limit === undefined ? {} : { limit }), ...(cost === undefined ? {} : { cost }) },
  };
}

function shortened(text: string): string {
  return text.length <= MAX_MESSAGE_LENGTH ? text : `${text.slice(0, MAX_MESSAGE_LENGTH)}…`;
}

const HIDDEN = "(hidden)";

/**
 * Takes out of a message what the caller may not learn where introspection is off: the types of the schema, and the
 * arguments that were left out. Apollo takes out the suggestions.
 */
export function schemaNamesHider(schema: GraphQLSchema): (message: string) => string {
  const names = Object.values(schema.getTypeMap())
    .filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type))
    .map((type) => type.name)
    .join("|");
  const types = new RegExp(`"\\[*(${names})[\\]!]*"`, "g");
  const parents = new RegExp(`"(${names})\\.`, "g");
  return (message) =>
    message
      .replace(types, HIDDEN)
      .replace(parents, '"')
      .replace(/ argument "\w+" of type/g, ` argument ${HIDDEN} of type`);
}
