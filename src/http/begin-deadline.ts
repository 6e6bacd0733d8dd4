import type { RequestHandler } from "express";
import { deadlineIn } from "../deadline.ts";

/**
 * From here on a request has this long. On /graphql it begins anew once the body is there: 100 KB over a slow line take
 * longer to come than we may take to answer, and the limits of the socket see to those that never end.
 */
export function beginDeadline(requestTimeoutMs: number): RequestHandler {
  return (_request, response, next) => {
    response.locals.deadline = deadlineIn(requestTimeoutMs);
    next();
  };
}
