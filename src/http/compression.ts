import compression from "compression";
import type { RequestHandler } from "express";

/** Not even looked at for a caller who takes no compressed answer: the wrapped response costs a fifth of a page of 10. */
export function compressAnswers(): RequestHandler {
  // Its list of types that are worth it does not know lines of JSON.
  const compress = compression({
    filter: (request, response) =>
      String(response.getHeader("Content-Type")).startsWith("application/x-ndjson") ||
      compression.filter(request, response),
  });
  return (request, response, next) => {
    if (/gzip|br|deflate/.test(request.headers["accept-encoding"] ?? "")) compress(request, response, next);
    else next();
  };
}
