import type { RequestHandler } from "express";
import { deadlineIn } from "../../values/deadline.ts";

/**
 * From here on a request has this long. On /graphql it begins anew where the body came late: 100 KB over a slow line take
 * longer than the server may take to answer, and the limits of the socket end those that never come.
 */
export function beginDeadline(requestTimeoutMs: number): RequestHandler {
  return (_request, response, next) => {
    response.locals.deadline = deadlineIn(requestTimeoutMs);
    next();
  };
}
