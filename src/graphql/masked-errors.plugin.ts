import type { ApolloServerPlugin } from "@apollo/server";
import { type GraphQLError, type GraphQLSchema, isObjectType } from "graphql";
import type { RequestContext } from "../context.ts";
import { Failure, reasonOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { isMasked } from "./format-error.ts";

/** A page of 100 that cannot be read is one fault, not 100. */
const MAX_LINES_OF_A_REQUEST = 3;

export type LogMaskedError = (context: RequestContext, error: GraphQLError) => void;

/** Every error that the caller is not told the cause of leaves it with the request's id, so that a report finds it. */
export function openMaskedErrorLog(log: Log, schema: GraphQLSchema): LogMaskedError {
  const fieldNames = new Set(
    Object.values(schema.getTypeMap())
      .filter(isObjectType)
      .flatMap((type) => Object.keys(type.getFields())),
  );
  // An alias is whatever the caller wrote: a key, or 60 KB.
  const placeOf = (path: readonly (string | number)[]) =>
    path.map((part) => (typeof part === "number" || fieldNames.has(part) ? part : "(alias)")).join(".");

  const linesOf = new WeakMap<RequestContext, number>();
  // One batch that fails is an error of every row that waited for it.
  const told = new WeakSet<Error>();

  return (context, error) => {
    const cause = error.originalError ?? error;
    const isDependency = cause instanceof Failure && cause.isOfDependency;
    const lines = linesOf.get(context) ?? 0;
    if (!(isDependency || isMasked(error)) || told.has(cause) || lines >= MAX_LINES_OF_A_REQUEST) return;
    told.add(cause);
    linesOf.set(context, lines + 1);
    const { requestId } = context;
    if (isDependency) log.warn({ requestId, reason: reasonOf(cause) }, "a dependency did not answer");
    else log.error({ requestId, field: placeOf(error.path ?? []), err: cause }, "unexpected error");
  };
}

export function logMaskedErrors(log: Log, logMaskedError: LogMaskedError): ApolloServerPlugin<RequestContext> {
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

/** Apollo's own words carry the messages of errors, and go to the console. What they are about is logged above. */
export function wordlessLogger(log: Log) {
  return {
    debug() {},
    info() {},
    warn: () => log.warn("a warning of Apollo Server"),
    error: () => log.error("an error of Apollo Server"),
  };
}
