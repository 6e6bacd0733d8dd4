import type { RequestHandler } from "express";
import { Failure } from "../../errors.ts";

/** A browser behind two proxies sends about 30 headers. Node silently drops headers beyond the first 2,000, which fit in 8 KB. */
const MAX_HEADERS = 100;
/** The limit of the request line and the headers together. A browser sends less than 2 KB, even with a JWT. */
export const MAX_HEAD_BYTES = 8192;

/**
 * Refuses a request without exactly one Host header (RFC 9112 section 3.2), because a proxy may use another one than this
 * server, and a request with too large a head. Both close the connection.
 */
export const checkRequestHead: RequestHandler = ({ rawHeaders, httpVersion, url }, response, next) => {
  let hosts = 0;
  let bytes = url.length;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    bytes += name.length + (rawHeaders[at + 1]?.length ?? 0);
    if (name.length === 4 && name.toLowerCase() === "host") hosts += 1;
  }
  const isHostWrong = hosts > 1 || (hosts === 0 && httpVersion !== "1.0");
  const isTooLarge = rawHeaders.length > 2 * MAX_HEADERS || bytes > MAX_HEAD_BYTES;
  if (!isHostWrong && !isTooLarge) return next();
  response.setHeader("Connection", "close");
  throw isTooLarge
    ? new Failure("HEADERS_TOO_LARGE")
    : new Failure("INVALID_INPUT", { message: "The request must have exactly one Host header" });
};
