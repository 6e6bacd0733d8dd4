import type { ApolloServerPlugin } from "@apollo/server";
import { type GraphQLError, type GraphQLSchema, isObjectType } from "graphql";
import type { RequestContext } from "../context.ts";
import { reasonOf } from "../db/error-reason.ts";
import { Failure } from "../errors.ts";
import type { Log } from "../log.ts";
import { isMasked } from "./format-error.ts";

/** One fault can fail all 100 jobs of a page. */
const MAX_LINES_PER_REQUEST = 3;

export type LogMaskedError = (context: RequestContext, error: GraphQLError) => void;

/** Logs the cause of every masked error with the request id, so that a caller's report can be traced. */
export function createMaskedErrorLog(log: Log, schema: GraphQLSchema): LogMaskedError {
  const fieldNames = new Set(
    Object.values(schema.getTypeMap())
      .filter(isObjectType)
      .flatMap((type) => Object.keys(type.getFields())),
  );
  // An alias may contain any text of the caller, such as an API key.
  const fieldPathOf = (path: readonly (string | number)[]) =>
    path.map((part) => (typeof part === "number" || fieldNames.has(part) ? part : "(alias)")).join(".");

  const lineCounts = new WeakMap<RequestContext, number>();
  // A failed batch is the error of every row that waits for it.
  const logged = new WeakSet<Error>();

  return (context, error) => {
    const cause = error.originalError ?? error;
    const isDependency = cause instanceof Failure && cause.isOfDependency;
    const lines = lineCounts.get(context) ?? 0;
    if (!(isDependency || isMasked(error)) || logged.has(cause) || lines >= MAX_LINES_PER_REQUEST) return;
    logged.add(cause);
    lineCounts.set(context, lines + 1);
    const { requestId, deadline } = context;
    if (isDependency && deadline.isAbandoned) return;
    if (isDependency) log.warn({ requestId, reason: reasonOf(cause) }, "a dependency did not answer");
    else log.error({ requestId, field: fieldPathOf(error.path ?? []), err: cause }, "unexpected error");
  };
}

export function maskedErrors(log: Log, logMaskedError: LogMaskedError): ApolloServerPlugin<RequestContext> {
  return {
    async requestDidStart() {
      return {
        async didEncounterErrors({ errors, contextValue }) {
          for (const error of errors) logMaskedError(contextValue, error);
        },
      };
    },
    async unexpectedErrorProcessingRequest({ requestContext, error }) {
      log.error({ requestId: requestContext.contextValue.requestId, err: error }, "unexpected error");
    },
  };
}

/** Discards the messages of Apollo Server, which contain messages of errors. `maskedErrors` logs these errors. */
export function silentApolloLogger(log: Log) {
  return {
    debug() {},
    info() {},
    warn: () => log.warn("Apollo Server logged a warning"),
    error: () => log.error("Apollo Server logged an error"),
  };
}
