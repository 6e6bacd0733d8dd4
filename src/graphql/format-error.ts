import { GraphQLError, type GraphQLFormattedError } from "graphql";
import { Failure } from "../errors.ts";
import { refusalOf } from "./limits/refusal-messages.ts";

/** Apollo's codes for a request that is wrong in itself. Their messages name only what the caller wrote. */
const CODES_OF_A_BAD_REQUEST = new Set<unknown>([
  "GRAPHQL_PARSE_FAILED",
  "GRAPHQL_VALIDATION_FAILED",
  "OPERATION_RESOLUTION_FAILURE",
  "BAD_USER_INPUT",
  "BAD_REQUEST",
  "PERSISTED_QUERY_NOT_SUPPORTED",
]);

/** The start of every message of graphql-js' `getArgumentValues`. */
const ARGUMENT_FAULT = /^Argument "\w+" (of non-null type|of required type|has invalid value)/;

/** What a caller may see of an error: our own failures, and Apollo's word on a bad request. The rest is masked. */
export function formatError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const cause = causeOf(error);
  if (cause instanceof Failure) return withPlace(formatted, cause);
  if (isTooManyFaults(error) || isArgumentFault(error)) return inputRefusalOf(formatted);
  return isRefusal(error, formatted.extensions?.code)
    ? refusalOf(formatted)
    : withPlace(formatted, new Failure("INTERNAL"));
}

/** Whether the caller is told nothing but INTERNAL. Not for an error that has not got its code from Apollo yet. */
export function isMasked(error: GraphQLError): boolean {
  const cause = causeOf(error);
  if (cause instanceof Failure) return cause.kind === "INTERNAL";
  if (isTooManyFaults(error) || isArgumentFault(error)) return false;
  return !isRefusal(error, error.extensions.code);
}

/** The same, with something taken out of every message. */
export function formatErrorWithout(hide: (message: string) => string): typeof formatError {
  return (formatted, error) => {
    const told = formatError(formatted, error);
    return { ...told, message: hide(told.message) };
  };
}

function causeOf(error: unknown): unknown {
  return error instanceof GraphQLError ? error.originalError : error;
}

/** An error with a path came out of execution: what the caller wrote was accepted by then. */
function isRefusal(error: unknown, code: unknown): boolean {
  const hasPath = error instanceof GraphQLError && error.path !== undefined;
  return !hasPath && CODES_OF_A_BAD_REQUEST.has(code);
}

/** The last of many wrong variables: graphql-js gives it no node, by which Apollo would know it for the caller's fault. */
function isTooManyFaults(error: unknown): boolean {
  return error instanceof GraphQLError && error.message.startsWith("Too many errors processing variables");
}

/**
 * Whether an argument was invalid only because of its variables, such as a null for `limit: Int!`. graphql-js reports such
 * arguments during execution, as GraphQLErrors, which our resolvers never throw.
 */
function isArgumentFault(error: unknown): boolean {
  const cause = causeOf(error) ?? error;
  return cause instanceof GraphQLError && cause.nodes !== undefined && ARGUMENT_FAULT.test(cause.message);
}

function inputRefusalOf(formatted: GraphQLFormattedError): GraphQLFormattedError {
  const { path } = formatted;
  const refusal = refusalOf({ ...formatted, extensions: { code: "BAD_USER_INPUT" } });
  return path === undefined ? refusal : { ...refusal, path };
}

function withPlace(formatted: GraphQLFormattedError, failure: Failure): GraphQLFormattedError {
  return {
    message: failure.message,
    ...(formatted.locations === undefined ? {} : { locations: formatted.locations }),
    ...(formatted.path === undefined ? {} : { path: formatted.path }),
    extensions: extensionsOf(failure),
  };
}

export function extensionsOf(failure: Failure): Record<string, unknown> {
  return { code: failure.graphqlCode, ...(failure.details.length === 0 ? {} : { details: failure.details }) };
}
