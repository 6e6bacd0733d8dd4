import type { ApolloServerPlugin } from "@apollo/server";
import { unwrapResolverError } from "@apollo/server/errors";
import { GraphQLError, type GraphQLFormattedError } from "graphql";
import { Failure } from "../errors.ts";
import type { Log } from "../log.ts";
import type { RequestContext } from "../request-context.ts";

/** Apollo's codes for a request that is wrong in itself. Their messages name only what the caller wrote. */
const CODES_OF_A_BAD_REQUEST = new Set<unknown>([
  "GRAPHQL_PARSE_FAILED",
  "GRAPHQL_VALIDATION_FAILED",
  "OPERATION_RESOLUTION_FAILURE",
  "BAD_USER_INPUT",
  "BAD_REQUEST",
  "PERSISTED_QUERY_NOT_SUPPORTED",
]);

/** What a caller may see of an error: our own failures, and Apollo's word on a bad request. The rest is masked. */
export function formatError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const cause = unwrapResolverError(error);
  if (cause instanceof Failure) return withPlace(formatted, cause);
  const code = formatted.extensions?.code;
  if (!hasPath(error) && CODES_OF_A_BAD_REQUEST.has(code)) return { ...formatted, extensions: { code } };
  return withPlace(formatted, new Failure("INTERNAL"));
}

/** Every masked error leaves a line with the request's id, so that the caller's report finds it. */
export function logMaskedErrors(log: Log): ApolloServerPlugin<RequestContext> {
  return {
    async requestDidStart() {
      return {
        async didEncounterErrors({ errors, contextValue }) {
          for (const error of errors) logMaskedError(log, contextValue, error);
        },
      };
    },
  };
}

export function logMaskedError(log: Log, { requestId }: RequestContext, error: GraphQLError): void {
  const cause = unwrapResolverError(error);
  if (!hasPath(error) || (cause instanceof Failure && cause.kind !== "INTERNAL")) return;
  log.error({ requestId, field: error.path?.join("."), err: cause }, "unexpected error");
}

/** An error with a path came out of execution: what the caller wrote was accepted by then. */
function hasPath(error: unknown): boolean {
  return error instanceof GraphQLError && error.path !== undefined;
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
