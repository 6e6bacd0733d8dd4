import type { Request, RequestHandler } from "express";
import { Failure } from "../../errors.ts";
import { isGraphqlPath } from "../response/error-response.ts";

/** The largest document GraphiQL's tabs send is under 2 KB; introspection is 3 KB. */
export const MAX_BODY_BYTES = 100 * 1024;

/** So much more is read and thrown away: a connection that is closed with bytes unread is reset, and the answer lost. */
const MAX_LATE_BYTES = 1024 * 1024;

const ENCODINGS = new Set(["identity", "gzip", "deflate"]);

/** Reads and discards the rest of a body. Node would do so without a limit. */
export function discardBody(request: Request): void {
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES + MAX_LATE_BYTES) request.socket.destroy();
  });
}

/** Refuses a body whose declared length is too large at once. /graphql reads the body after authentication. */
export const limitBodies: RequestHandler = (request, _response, next) => {
  const length = Number(request.headers["content-length"] ?? 0);
  const hasBody = length > 0 || request.headers["transfer-encoding"] !== undefined;
  if (hasBody && !isGraphqlPath(request.path)) discardBody(request);
  next(length > MAX_BODY_BYTES ? new Failure("PAYLOAD_TOO_LARGE") : undefined);
};

/** Decodes neither Brotli (Node 20's decoder has an unfixed out-of-bounds write) nor any charset but UTF-8. */
export const checkBodyEncoding: RequestHandler = (request, _response, next) => {
  const encoding = request.headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  const charsets = (request.headers["content-type"] ?? "").matchAll(/;\s*charset\s*=\s*"?([^";\s]+)/gi);
  // Check every occurrence of the header, because another parser may use a different one.
  const isUtf8 = [...charsets].every(([, charset]) => /^utf-8$/i.test(charset ?? ""));
  if (!ENCODINGS.has(encoding) || !isUtf8) {
    throw new Failure("UNSUPPORTED_MEDIA_TYPE");
  }
  next();
};
