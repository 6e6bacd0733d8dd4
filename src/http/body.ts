import express, { type Request, type RequestHandler } from "express";
import { Failure } from "../errors.ts";
import { isGraphqlPath } from "./failure-answer.ts";

/** The largest document GraphiQL's tabs send is under 2 KB; introspection is 3 KB. */
const MAX_BODY_BYTES = 100 * 1024;

/** So much more is read and thrown away: a connection that is closed with bytes unread is reset, and the answer lost. */
const MAX_LATE_BYTES = 1024 * 1024;

const ENCODINGS = new Set(["identity", "gzip", "deflate"]);

/** Begins to read. Of what comes after the answer Node would take all there is. */
export function countBody(request: Request, onTooLarge: () => void = () => {}): void {
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES + MAX_LATE_BYTES) request.socket.destroy();
    else if (bytes > MAX_BODY_BYTES) onTooLarge();
  });
}

/** One that is announced is refused at once. On /graphql the body is left for its parser, which comes after a wait. */
export const limitBodies: RequestHandler = (request, _response, next) => {
  const length = Number(request.headers["content-length"] ?? 0);
  const hasBody = length > 0 || request.headers["transfer-encoding"] !== undefined;
  if (hasBody && !isGraphqlPath(request.path)) countBody(request);
  next(length > MAX_BODY_BYTES ? new Failure("PAYLOAD_TOO_LARGE") : undefined);
};

/**
 * Before the body parser, which would decode Brotli (Node 20's decoder has an unfixed out-of-bounds write) and take any
 * charset that begins with `utf-`, the obsolete utf-7 among them.
 */
const refuseOddBodies: RequestHandler = (request, _response, next) => {
  const encoding = request.headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  const charsets = (request.headers["content-type"] ?? "").matchAll(/;\s*charset\s*=\s*"?([^";\s]+)/gi);
  // All of them: of two, the parser may heed the other one.
  const isUtf8 = [...charsets].every(([, charset]) => /^utf-8$/i.test(charset ?? ""));
  if (!ENCODINGS.has(encoding) || !isUtf8) {
    throw new Failure("UNSUPPORTED_MEDIA_TYPE");
  }
  next();
};

const parseJson = express.json({ limit: MAX_BODY_BYTES });

/** The body parser reads a body that is too large to its end before it says so: whoever notices first goes on, once. */
const parseInTime: RequestHandler = (request, response, next) => {
  let isWaiting = true;
  const goOn = (error?: unknown) => {
    if (!isWaiting) return;
    isWaiting = false;
    next(error);
  };
  parseJson(request, response, goOn);
  countBody(request, () => goOn(new Failure("PAYLOAD_TOO_LARGE")));
};

export const jsonBody: RequestHandler[] = [refuseOddBodies, parseInTime];
