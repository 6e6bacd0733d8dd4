import type { ErrorRequestHandler, NextFunction, RequestHandler, Response } from "express";
import { reasonOf } from "../db/error-reason.ts";
import { Failure, type FailureKind, MALFORMED_REQUEST } from "../errors.ts";
import type { Log } from "../log.ts";
import { createRefusalDelay } from "../rate-limit/refusal-delay.ts";
import { discardBody } from "./request/request-body.ts";
import { sendFailure } from "./response/error-response.ts";

/** Express sets a status on errors that the caller caused. An error without a status is a fault of the server. */
const KIND_BY_STATUS: Readonly<Record<number, FailureKind>> = {
  400: "INVALID_INPUT",
  413: "PAYLOAD_TOO_LARGE",
  415: "UNSUPPORTED_MEDIA_TYPE",
};

/** Sends the JSON error of a failure. Express' own handler sends HTML and prints the error to stderr. */
export function errorHandler(log: Log): ErrorRequestHandler {
  const delayRefusal = createRefusalDelay();
  return (error, request, response, _next) => {
    const failure = failureOfError(error);
    const { requestId, deadline } = response.locals;
    // GraphQL has already logged a failure without a cause (`executeStored`).
    if (failure.kind === "INTERNAL" && failure.cause !== undefined)
      log.error({ requestId, err: error }, "unexpected error");
    if (deadline?.isAbandoned !== true) logDependencyFailure(log, requestId, failure);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (!request.complete) discardBody(request);
    delayRefusal(request, failure, () => sendFailure(response, failure));
  };
}

/** A failure without a cause either concerns no dependency (the server is stopping) or was logged by GraphQL (`executeStored`). */
export function logDependencyFailure(log: Log, requestId: string, failure: Failure): void {
  if (failure.isOfDependency && failure.cause !== undefined)
    log.warn({ requestId, reason: reasonOf(failure) }, "a dependency did not answer");
}

function failureOfError(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const { status } = error as { status?: number };
  const kind = KIND_BY_STATUS[status ?? 500];
  if (kind === undefined) return new Failure("INTERNAL", { cause: error });
  return kind === "INVALID_INPUT" ? new Failure(kind, { message: MALFORMED_REQUEST }) : new Failure(kind);
}

/** Handles an error of `errorHandler` itself. Express' own handler would send HTML. */
export function finalErrorHandler(log: Log, response: Response): NextFunction {
  return (error) => {
    log.error({ requestId: response.locals.requestId, err: error }, "the error handler failed");
    if (response.headersSent) response.destroy();
    else sendFailure(response, new Failure("INTERNAL"));
  };
}

export const unknownPath: RequestHandler = () => {
  throw new Failure("NOT_FOUND", { message: "The path does not exist" });
};

/** Allows only these methods on a path, and answers OPTIONS with their names. */
export function onlyMethods(...methods: string[]): RequestHandler {
  const allowed = [...methods, "OPTIONS"].join(", ");
  return (request, response, next) => {
    if (methods.includes(request.method)) return next();
    response.setHeader("Allow", allowed);
    if (request.method !== "OPTIONS") throw new Failure("METHOD_NOT_ALLOWED");
    response.status(204).end();
  };
}
