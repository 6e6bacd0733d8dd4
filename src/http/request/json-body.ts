import { isUtf8 } from "node:buffer";
import { promisify } from "node:util";
import { gunzip, inflate } from "node:zlib";
import type { Request } from "express";
import { Failure } from "../../errors.ts";
import { hasLoneSurrogate, SURROGATE_RULE } from "../../values/lone-surrogates.ts";
import { MAX_BODY_BYTES } from "./request-body.ts";

/** Twice the number of values in the largest allowed query, which has 20 root fields with 100 ids each. */
const MAX_JSON_VALUES = 4000;

const DECODERS: Readonly<Record<string, (bytes: Buffer, options: object) => Promise<Buffer>>> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
};

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** `,`, `[` and `{`: each value of a JSON text but the first one of an array or object comes after one of them. */
const BEFORE_A_VALUE = new Set([0x2c, 0x5b, 0x7b]);

/**
 * Reads the body without inflating or parsing it. A body that is too large fails before its end.
 */
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
    request.on("close", () => fail(badBody("The request body ended early")));
  });
}

/** Parses the body, which must be a UTF-8 JSON object or array. Undefined if the body is not declared as JSON. */
export async function parseJsonBody(request: Request, body: Buffer): Promise<unknown> {
  if (body.length === 0 || !request.is("application/json")) return undefined;
  const text = await decode(request.headers["content-encoding"]?.trim().toLowerCase(), body);
  // The decoder would replace invalid UTF-8 by U+FFFD.
  if (!isUtf8(text)) throw faultOfBody("must be UTF-8");
  if (text.includes("\\u") && hasLoneSurrogate(text.toString("latin1"))) throw faultOfBody(SURROGATE_RULE);
  refuseManyValues(text);
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(text));
    if (typeof parsed === "object" && parsed !== null) return parsed;
  } catch {
    // The message of the error would repeat the body.
  }
  throw badBody("The request body is not valid JSON");
}

async function decode(encoding: string | undefined, body: Buffer): Promise<Buffer> {
  const decoder = DECODERS[encoding ?? "identity"];
  if (decoder === undefined) return body;
  try {
    return await decoder(body, { maxOutputLength: MAX_BODY_BYTES });
  } catch (error) {
    const isTooLarge = (error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE";
    throw isTooLarge ? new Failure("PAYLOAD_TOO_LARGE") : badBody("The request body cannot be decompressed");
  }
}

/** Nested arrays take 100 times as long to parse as a query of the same length. */
function refuseManyValues(text: Buffer): void {
  let values = 0;
  let isInString = false;
  for (let index = 0; index < text.length; index++) {
    const byte = text[index] as number;
    if (byte === QUOTE) isInString = !isInString;
    else if (isInString) index += byte === BACKSLASH ? 1 : 0;
    else if (BEFORE_A_VALUE.has(byte) && ++values > MAX_JSON_VALUES) {
      throw badBody(`The request body must not have more than ${MAX_JSON_VALUES} JSON values`);
    }
  }
}

function faultOfBody(reason: string): Failure {
  return Failure.ofFields([{ field: "body", reason }]);
}

function badBody(message: string): Failure {
  return new Failure("INVALID_INPUT", { message });
}
