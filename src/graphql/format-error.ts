import { GraphQLError, type GraphQLFormattedError } from "graphql";
import { Failure } from "../errors.ts";
import { refusalOf } from "./limits/refusal-messages.ts";

/** The codes of Apollo Server for an invalid request. Their messages name only the caller's input. */
const CODES_OF_A_BAD_REQUEST = new Set<unknown>([
  "GRAPHQL_PARSE_FAILED",
  "GRAPHQL_VALIDATION_FAILED",
  "OPERATION_RESOLUTION_FAILURE",
  "BAD_USER_INPUT",
  "BAD_REQUEST",
  "PERSISTED_QUERY_NOT_SUPPORTED",
]);

/** The start of every message of graphql-js' `getArgumentValues`. */
const ARGUMENT_ERROR = /^Argument "\w+" (of non-null type|of required type|has invalid value)/;

/** Lets callers see our own failures and the messages about invalid requests. Every other error is masked. */
export function formatError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const cause = causeOf(error);
  if (cause instanceof Failure) return withPosition(formatted, cause);
  if (isTooManyErrors(error) || isArgumentError(error)) return inputRefusalOf(formatted);
  return isRefusal(error, formatted.extensions?.code)
    ? refusalOf(formatted)
    : withPosition(formatted, new Failure("INTERNAL"));
}

/** Whether the caller gets INTERNAL instead of the error. Apollo Server must have given the error its code before. */
export function isMasked(error: GraphQLError): boolean {
  const cause = causeOf(error);
  if (cause instanceof Failure) return cause.kind === "INTERNAL";
  if (isTooManyErrors(error) || isArgumentError(error)) return false;
  return !isRefusal(error, error.extensions.code);
}

/** Formats errors as `formatError` does, and hides parts of every message. */
export function formatErrorWithout(hide: (message: string) => string): typeof formatError {
  return (formatted, error) => {
    const answer = formatError(formatted, error);
    return { ...answer, message: hide(answer.message) };
  };
}

function causeOf(error: unknown): unknown {
  return error instanceof GraphQLError ? error.originalError : error;
}

/** An error with a path was raised during execution, after the request was accepted. */
function isRefusal(error: unknown, code: unknown): boolean {
  const hasPath = error instanceof GraphQLError && error.path !== undefined;
  return !hasPath && CODES_OF_A_BAD_REQUEST.has(code);
}

/** graphql-js gives this error no nodes, by which Apollo Server recognises other errors of variables. */
function isTooManyErrors(error: unknown): boolean {
  return error instanceof GraphQLError && error.message.startsWith("Too many errors processing variables");
}

/**
 * Whether an argument was invalid only because of its variables, such as a null for `limit: Int!`. graphql-js reports such
 * arguments during execution as GraphQLErrors, which our resolvers never throw.
 */
function isArgumentError(error: unknown): boolean {
  const cause = causeOf(error) ?? error;
  return cause instanceof GraphQLError && cause.nodes !== undefined && ARGUMENT_ERROR.test(cause.message);
}

function inputRefusalOf(formatted: GraphQLFormattedError): GraphQLFormattedError {
  const { path } = formatted;
  const refusal = refusalOf({ ...formatted, extensions: { code: "BAD_USER_INPUT" } });
  return path === undefined ? refusal : { ...refusal, path };
}

function withPosition(formatted: GraphQLFormattedError, failure: Failure): GraphQLFormattedError {
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
