import { GraphQLError, GraphQLScalarType, Kind } from "graphql";
import { rfc3339OfTimestamptz } from "./rfc3339.ts";
import { isUuid, UUID_RULE } from "./uuid.ts";

function parseUuid(value: unknown): string {
  if (typeof value === "string" && isUuid(value)) return value.toLowerCase();
  throw new GraphQLError(`The id ${UUID_RULE}`, { extensions: { code: "BAD_USER_INPUT" } });
}

export const Uuid = new GraphQLScalarType<string, string>({
  name: "UUID",
  description:
    "A UUID of any version in the form 8-4-4-4-12. Inputs may have upper-case digits; responses have lower-case digits.",
  specifiedByURL: "https://www.rfc-editor.org/rfc/rfc9562",
  serialize: (value) => value as string,
  parseValue: parseUuid,
  parseLiteral: (node) => flatCopy(parseUuid(node.kind === Kind.STRING ? node.value : null)),
});

/** V8 stores a literal as a slice of its document, so a cached slice would keep the whole document in memory. */
function flatCopy(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}

/** `faultsOfFilter` checks the format later, so that the error can name the field of the filter. */
function parseDateTime(value: unknown): string {
  if (typeof value === "string") return value;
  throw new GraphQLError("A DateTime must be a string", { extensions: { code: "BAD_USER_INPUT" } });
}

export const DateTime = new GraphQLScalarType<string, string>({
  name: "DateTime",
  description:
    "A timestamp of RFC 3339. Responses are in UTC with `Z` and the shortest exact fraction of up to six digits, or without " +
    "a fraction if it is zero: `2025-01-01T12:00:01Z`, `2025-01-01T12:00:01.123456Z`. Inputs need an offset of at most " +
    "15:59 hours, at most six fractional digits, and a day that exists in the years 1 to 9999; any other input is " +
    "BAD_USER_INPUT.",
  specifiedByURL: "https://www.rfc-editor.org/rfc/rfc3339",
  serialize: (value) => rfc3339OfTimestamptz(value as string),
  parseValue: parseDateTime,
  parseLiteral: (node) => parseDateTime(node.kind === Kind.STRING ? node.value : null),
});
