import type { RequestHandler } from "express";
import type { Log } from "../log.ts";
import { requestIdOf } from "./request/request-id.ts";

/** Ids in a path may be logged; any other path was made up by the caller and could hold an address or a key. */
const LOGGABLE_PATH =
  /^\/(graphql|graphiql(\/assets\/[\w.-]+)?|healthz|readyz|metrics|api\/v1\/tasks(\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\/jobs(\/export)?)?)?)?\/?$/i;

/** Gives every request its id, and every answer one line. Never a query string, a body, a header or an address. */
export function accessLog(log: Log): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    const requestId = requestIdOf(request);
    const { method, path } = request;
    response.locals.requestId = requestId;
    response.setHeader("X-Request-ID", requestId);
    response.on("close", () => {
      log.info(
        {
          requestId,
          method,
          path: LOGGABLE_PATH.test(path) ? path : "(unknown)",
          status: response.statusCode,
          ms: Math.round(performance.now() - startedAt),
          ...(response.writableFinished ? {} : { aborted: true }),
        },
        "request",
      );
    });
    next();
  };
}
