import { isUtf8 } from "node:buffer";
import express, { type Request, type RequestHandler } from "express";
import { Failure } from "../errors.ts";
import { isGraphqlPath } from "./failure-answer.ts";
import { hasLoneSurrogate, SURROGATE_RULE } from "./lone-surrogates.ts";

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

/** The parser would replace what is not UTF-8 by U+FFFD. Its own error hides ours, hence the cause. */
const parseJson = express.json({
  limit: MAX_BODY_BYTES,
  verify: (_request, _response, body) => {
    if (!isUtf8(body)) throw new Error("body", { cause: faultOfBody("must be UTF-8") });
    if (body.includes("\\u") && hasLoneSurrogate(body.toString("latin1")))
      throw new Error("body", { cause: faultOfBody(SURROGATE_RULE) });
  },
});

function faultOfBody(reason: string): Failure {
  return Failure.ofFields([{ field: "body", reason }]);
}

/** The body parser reads a body that is too large to its end before it says so: whoever notices first goes on, once. */
const parseInTime: RequestHandler = (request, response, next) => {
  let isWaiting = true;
  const goOn = (error?: unknown) => {
    if (!isWaiting) return;
    isWaiting = false;
    next(error instanceof Error && error.cause instanceof Failure ? error.cause : error);
  };
  parseJson(request, response, goOn);
  countBody(request, () => goOn(new Failure("PAYLOAD_TOO_LARGE")));
};

export const jsonBody: RequestHandler[] = [refuseOddBodies, parseInTime];
