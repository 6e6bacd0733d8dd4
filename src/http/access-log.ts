import type { RequestHandler } from "express";
import { type Log, noteTrace } from "../log.ts";
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
          ...(response.locals.isStream === true ? { stream: true } : {}),
          ...(response.writableFinished || response.locals.isStream === true ? {} : { aborted: true }),
        },
        "request",
      );
    });
    next();
  };
}
