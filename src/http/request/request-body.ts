import { isUtf8 } from "node:buffer";
import { promisify } from "node:util";
import { gunzip, inflate } from "node:zlib";
import type { Request, RequestHandler } from "express";
import { Failure } from "../../errors.ts";
import { hasLoneSurrogate, SURROGATE_RULE } from "../../values/lone-surrogates.ts";
import { isGraphqlPath } from "../response/error-response.ts";

/** The largest document that the tabs of GraphiQL send is under 2 KB. Introspection is 3 KB. */
export const MAX_BODY_BYTES = 100 * 1024;

/** The bytes of a body beyond the limit that are read and discarded. Closing a socket with unread data sends RST and may lose the response. */
const MAX_DISCARDED_BYTES = 1024 * 1024;

/** Twice the number of values in the largest allowed query, which has 20 root fields with 100 ids each. */
export const MAX_JSON_VALUES = 4000;

const DECODERS: Readonly<Record<string, (bytes: Buffer, options: object) => Promise<Buffer>>> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
};

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** The characters `,`, `[` and `{`. One of them precedes each element of an array and each entry of an object. */
const BEFORE_A_VALUE = new Set([0x2c, 0x5b, 0x7b]);

/** Reads and discards the rest of a body. Node would do so without a limit. */
export function discardBody(request: Request): void {
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES + MAX_DISCARDED_BYTES) request.socket.destroy();
  });
}

/** Refuses a body whose declared length is too large, and discards a body that no route reads. Only /graphql reads its body. */
export const limitBodies: RequestHandler = (request, _response, next) => {
  const length = Number(request.headers["content-length"] ?? 0);
  const hasBody = length > 0 || request.headers["transfer-encoding"] !== undefined;
  if (hasBody && !isGraphqlPath(request.path)) discardBody(request);
  next(length > MAX_BODY_BYTES ? new Failure("PAYLOAD_TOO_LARGE") : undefined);
};

/**
 * Refuses the body of a POST that is not declared as JSON, every charset but UTF-8, and Brotli, because the decoder of Node 20
 * has an unfixed out-of-bounds write.
 */
export const checkBodyType: RequestHandler = (request, _response, next) => {
  const encoding = encodingOf(request);
  const charsets = (request.headers["content-type"] ?? "").matchAll(/;\s*charset\s*=\s*"?([^";\s]+)/gi);
  // Check every occurrence of the parameter, because a proxy may use a different one.
  const isDeclaredUtf8 = [...charsets].every(([, charset]) => /^utf-8$/i.test(charset ?? ""));
  const isDecodable = encoding === "identity" || DECODERS[encoding] !== undefined;
  // Apollo Server reads no body of a GET, whatever its type.
  const isOtherType = request.method === "POST" && request.is("application/json") === false;
  if (isOtherType || !isDecodable || !isDeclaredUtf8) throw new Failure("UNSUPPORTED_MEDIA_TYPE");
  next();
};

/** Reads the body without decompressing or parsing it. Fails as soon as the body is too large. */
export function readBody(request: Request): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const fail = (failure: Failure) => {
      request.off("data", add);
      reject(failure);
    };
    const add = (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes > MAX_BODY_BYTES) fail(new Failure("PAYLOAD_TOO_LARGE"));
    };
    request.on("data", add);
    request.on("end", () => resolve(Buffer.concat(chunks)));
    request.on("close", () => {
      if (!request.readableEnded) fail(invalidBody("The request body is incomplete"));
    });
  });
}

/** Parses the body, which must be a JSON object or array in UTF-8. Returns undefined if the body is not declared as JSON. */
export async function parseJsonBody(request: Request, body: Buffer): Promise<unknown> {
  if (body.length === 0 || !request.is("application/json")) return undefined;
  const text = await decompress(encodingOf(request), body);
  // `TextDecoder` would replace invalid UTF-8 by U+FFFD.
  if (!isUtf8(text)) throw bodyFault("must be UTF-8");
  if (text.includes("\\u") && hasLoneSurrogate(text.toString("latin1"))) throw bodyFault(SURROGATE_RULE);
  if (hasTooManyJsonValues(text))
    throw invalidBody(`The request body must not have more than ${MAX_JSON_VALUES} JSON values`);
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(text));
    if (typeof parsed === "object" && parsed !== null) return parsed;
  } catch {
    // The message of the error would repeat the body.
  }
  throw invalidBody("The request body is not valid JSON");
}

function encodingOf({ headers }: Request): string {
  return headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
}

async function decompress(encoding: string, body: Buffer): Promise<Buffer> {
  const decoder = DECODERS[encoding];
  if (decoder === undefined) return body;
  try {
    return await decoder(body, { maxOutputLength: MAX_BODY_BYTES });
  } catch (error) {
    const isTooLarge = (error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE";
    throw isTooLarge ? new Failure("PAYLOAD_TOO_LARGE") : invalidBody("The request body cannot be decompressed");
  }
}

/** Nested arrays take 100 times as long to parse as a query of the same length. */
export function hasTooManyJsonValues(text: Buffer): boolean {
  let values = 0;
  let isInString = false;
  for (let index = 0; index < text.length; index++) {
    const byte = text[index] as number;
    if (byte === QUOTE) isInString = !isInString;
    else if (isInString) index += byte === BACKSLASH ? 1 : 0;
    else if (BEFORE_A_VALUE.has(byte) && ++values > MAX_JSON_VALUES) return true;
  }
  return false;
}

function bodyFault(reason: string): Failure {
  return Failure.ofFields([{ field: "body", reason }]);
}

function invalidBody(message: string): Failure {
  return new Failure("INVALID_INPUT", { message });
}
