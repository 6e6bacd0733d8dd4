import { type GraphQLFormattedError, type GraphQLSchema, isIntrospectionType, isSpecifiedScalarType } from "graphql";
import { MALFORMED_REQUEST } from "../../errors.ts";
import { limitExceeded } from "./limits.ts";

/** graphql-js messages echo the caller's input, of which a name may be 60 KB, and list every location. */
const MAX_MESSAGE_LENGTH = 300;
const MAX_LOCATIONS = 4;

/** Messages that name a product, advise its operator or look like SQL, with what is sent instead. */
const REPLACED_MESSAGES: readonly (readonly [RegExp, string])[] = [
  [/introspection is not allowed/, "Introspection is switched off on this server"],
  [
    /Subscription( "\w+")? must (not )?select/,
    "A subscription must have exactly one root field, and no introspection field",
  ],
  [/apollo/i, MALFORMED_REQUEST],
];

/** The error that a caller gets for an invalid request. */
export function refusalOf({ message, locations, extensions = {} }: GraphQLFormattedError): GraphQLFormattedError {
  if (message.includes("Document contains more that")) {
    const { message, extensions } = limitExceeded("tokens");
    return { message, extensions: { code: "GRAPHQL_VALIDATION_FAILED", ...extensions } };
  }
  const { code, limit, cost } = extensions;
  return {
    message: shortened(REPLACED_MESSAGES.find(([pattern]) => pattern.test(message))?.[1] ?? message),
    ...(locations === undefined ? {} : { locations: locations.slice(0, MAX_LOCATIONS) }),
    extensions: { code, ...(limit === undefined ? {} : { limit }), ...(cost === undefined ? {} : { cost }) },
  };
}

function shortened(text: string): string {
  return text.length <= MAX_MESSAGE_LENGTH ? text : `${text.slice(0, MAX_MESSAGE_LENGTH)}…`;
}

const HIDDEN = "(hidden)";

/**
 * Removes from messages what callers must not learn if introspection is off: the names of types and of missing arguments.
 * Apollo Server removes the suggestions.
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
