import { constants } from "node:zlib";
import compression from "compression";
import type { RequestHandler, Response } from "express";
import type { BufferLimit } from "./buffer-limit.ts";

/** The memory of one Brotli compressor, see `docs/measurements/limits.md`. */
const COMPRESSOR_BYTES = 700_000;

/** A window of 256 KB, which is longer than a page, takes less memory than the default of 4 MB. */
const BROTLI_WINDOW_BITS = 18;

/** Compresses responses. Requests that accept no compression skip the package `compression`, which costs CPU time even then. */
export function compressResponses(buffers: BufferLimit): RequestHandler {
  // The package does not count NDJSON among the compressible types.
  const compress = compression({
    filter: (request, response) =>
      String(response.getHeader("Content-Type")).startsWith("application/x-ndjson") ||
      compression.filter(request, response),
    brotli: {
      params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_LGWIN]: BROTLI_WINDOW_BITS },
    },
  });
  return (request, response, next) => {
    if (!/gzip|br|deflate/.test(request.headers["accept-encoding"] ?? "")) return next();
    compress(request, response, () => {
      countCompressor(response, buffers);
      next();
    });
  };
}

/** Counts the memory of the compressor, which is held until a slow client has read the response. */
function countCompressor(response: Response, buffers: BufferLimit): void {
  // The types name only the shortest overload, but all arguments are passed on.
  const write = response.write.bind(response) as (...chunk: unknown[]) => boolean;
  const end = response.end.bind(response) as (...chunk: unknown[]) => Response;
  const count = (chunk: unknown) => {
    if (response.hasHeader("Content-Encoding")) buffers.recordCompressor(response, COMPRESSOR_BYTES + sizeOf(chunk));
  };
  Object.assign(response, {
    write(...chunk: [unknown]) {
      const isBelowHighWaterMark = write(...chunk);
      count(null);
      return isBelowHighWaterMark;
    },
    end(...chunk: [unknown?]) {
      end(...chunk);
      count(chunk[0]);
      return response;
    },
  });
}

function sizeOf(chunk: unknown): number {
  if (typeof chunk === "string") return Buffer.byteLength(chunk);
  return Buffer.isBuffer(chunk) ? chunk.length : 0;
}
