import express, { type RequestHandler } from "express";
import { Failure } from "../errors.ts";

/** The largest document GraphiQL's tabs send is under 2 KB; introspection is 3 KB. */
const MAX_BODY_BYTES = 100 * 1024;

const ENCODINGS = new Set(["identity", "gzip", "deflate"]);

/**
 * Before the body parser, which would decode Brotli (Node 20's decoder has an unfixed out-of-bounds write) and take any
 * charset that begins with `utf-`, the obsolete utf-7 among them.
 */
const refuseOddBodies: RequestHandler = (request, _response, next) => {
  const encoding = request.headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(request.headers["content-type"] ?? "")?.[1]?.toLowerCase();
  if (!ENCODINGS.has(encoding) || (charset !== undefined && charset !== "utf-8" && charset !== "utf8")) {
    throw new Failure("UNSUPPORTED_MEDIA_TYPE");
  }
  next();
};

export const jsonBody: RequestHandler[] = [refuseOddBodies, express.json({ limit: MAX_BODY_BYTES })];
