import type { RequestHandler } from "express";
import type { Authenticate } from "../auth/authenticate.ts";
import { Unauthenticated } from "../auth/credential-fault.ts";
import { type Log, noteTrace } from "../log.ts";
import type { LimitedRequest, LimitedResponse } from "../rate-limit/limited-request.ts";
import { requestIdOf } from "./request/request-id.ts";
import { readTraceparent } from "./request/traceparent.ts";

/** Known paths, which contain nothing private but ids. Any other path may contain an email address or a key and is not logged. */
const UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const FILES = "favicon\\.(ico|svg)|home\\.css|openapi\\.json|(docs|graphiql)(/assets/[\\w.-]+)?";
const TASKS = `api/v1/tasks(/${UUID}(/jobs(/export|/${UUID})?|/download|/events)?)?`;
const LOGGABLE_PATH = new RegExp(
  `^/(${FILES}|graphql|healthz|readyz|metrics|api/v1/metrics/verifications|${TASKS})?/?$`,
  "i",
);

/** Sets the request id and logs one line for each response. The line has no query string, body, header or address of the client. */
export function accessLog(log: Log): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    const requestId = requestIdOf(request);
    const { method, path } = request;
    response.locals.requestId = requestId;
    response.setHeader("X-Request-ID", requestId);
    const trace = readTraceparent(request.headers.traceparent);
    if (trace !== null) response.once("close", noteTrace(requestId, trace));
    response.on("close", () => {
      log.info(
        {
          requestId,
          method,
          path: LOGGABLE_PATH.test(path) ? path : "(unknown)",
          status: response.statusCode,
          ms: Math.round(performance.now() - startedAt),
          ...(response.locals.trustedOperation === undefined ? {} : { operation: response.locals.trustedOperation }),
          ...refusalOf(response),
          ...(response.locals.isStream === true ? { stream: true } : {}),
          ...(response.writableFinished || response.locals.isStream === true ? {} : { aborted: true }),
        },
        "request",
      );
    });
    next();
  };
}

/** Stores why a credential was refused in the response of its request or operation, whose log line names it. */
export function noteCredentialFaults(authenticate: Authenticate): Authenticate {
  return async (request: LimitedRequest, deadline) => {
    try {
      return await authenticate(request, deadline);
    } catch (error) {
      if (error instanceof Unauthenticated && request.res !== undefined)
        request.res.locals.credentialFault = error.fault;
      throw error;
    }
  };
}

/** The fields of a log line that say why a credential was refused, and which limit refused a request. */
export function refusalOf({ locals: { credentialFault, exceededLimit } }: Pick<LimitedResponse, "locals">) {
  return {
    ...(credentialFault === undefined ? {} : { reason: credentialFault }),
    ...(exceededLimit === undefined ? {} : { limit: exceededLimit }),
  };
}
