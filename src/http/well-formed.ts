import type { RequestHandler } from "express";
import { Failure } from "../errors.ts";
import { MAX_BODY_BYTES } from "./body.ts";

/** A browser behind two proxies sends 30. Node passes over those beyond 2,000, of which 8 KB can hold more. */
const MAX_HEADERS = 100;

/**
 * RFC 9112 section 3.2 asks for exactly one Host: whoever stands in front may have read another than we do. Both refusals end
 * the connection.
 */
export const saneHeaders: RequestHandler = ({ rawHeaders, httpVersion }, response, next) => {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    if (name.length === 4 && name.toLowerCase() === "host") hosts += 1;
  }
  const isHostWrong = hosts > 1 || (hosts === 0 && httpVersion !== "1.0");
  const areTooMany = rawHeaders.length > 2 * MAX_HEADERS;
  if (!isHostWrong && !areTooMany) return next();
  response.setHeader("Connection", "close");
  throw areTooMany
    ? new Failure("HEADERS_TOO_LARGE")
    : new Failure("INVALID_INPUT", { message: "The request must have one Host header" });
};

/** So much more is read and thrown away: a connection that is closed with bytes unread is reset, and the 413 lost. */
const MAX_LATE_BYTES = 1024 * 1024;

/**
 * Before anything that reads or passes over a body: the body parser answers only after it has read the largest one to its end,
 * and Node reads to its end what nobody wanted.
 */
export const refuseLargeBodies: RequestHandler = (request, _response, next) => {
  const isChunked = request.headers["transfer-encoding"] !== undefined;
  let isRefused = Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES;
  if (!isChunked && !isRefused) return next();

  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES + MAX_LATE_BYTES) request.socket.destroy();
    else if (bytes > MAX_BODY_BYTES && !isRefused) {
      isRefused = true;
      // A second time: the body parser, which was let through below, is waiting for the end of the body.
      next(new Failure("PAYLOAD_TOO_LARGE"));
    }
  });
  next(isRefused ? new Failure("PAYLOAD_TOO_LARGE") : undefined);
};
