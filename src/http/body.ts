import express, { type RequestHandler } from "express";
import { Failure } from "../errors.ts";

/** The largest document GraphiQL's tabs send is under 2 KB; introspection is 3 KB. */
export const MAX_BODY_BYTES = 100 * 1024;

const ENCODINGS = new Set(["identity", "gzip", "deflate"]);

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

export const jsonBody: RequestHandler[] = [refuseOddBodies, express.json({ limit: MAX_BODY_BYTES })];
