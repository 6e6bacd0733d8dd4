import { ImportError } from "../import-error.ts";
import { MAX_LINE_BYTES } from "./text-blocks.ts";

export interface JsonText {
  /** The line on which the object starts. */
  readonly line: number;
  readonly text: string;
}

/** The first object may contain all results, as responses of an API do. */
const MAX_DOCUMENT_CHARS = 16_000_000;

/**
 * Splits a JSON array, or objects one after another, into the texts of its objects, so that a file of any size can be read.
 * A text in between that belongs to no object ends the file with an error.
 */
export async function* readJsonDocuments(
  bytes: AsyncIterable<Uint8Array>,
  fileName: string,
): AsyncGenerator<{ documents: JsonText[] }> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let at = 0;
  let line = 1;
  let start = -1;
  let startLine = 1;
  let depth = 0;
  let isInString = false;
  let isArray: boolean | null = null;
  let isEnded = false;
  const fail = (reason: string): never => {
    throw new ImportError({ fileName, line, reason });
  };
  const decode = (chunk?: Uint8Array) => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch {
      return fail("is not valid UTF-8 at or after this line, and JSON must be UTF-8: save the file as UTF-8");
    }
  };

  function scan(): JsonText[] {
    const documents: JsonText[] = [];
    for (; at < text.length; at++) {
      const character = text[at];
      if (character === "\n") line++;
      if (isInString) {
        if (character === "\\") at++;
        else if (character === '"') isInString = false;
      } else if (depth > 0) {
        if (character === '"') isInString = true;
        else if (character === "{" || character === "[") depth++;
        else if (character === "}" || character === "]") depth--;
        if (depth === 0) {
          documents.push({ line: startLine, text: text.slice(start, at + 1) });
          start = -1;
        }
      } else if (character === "{" && !isEnded) {
        [start, startLine, depth] = [at, line, 1];
        isArray ??= false;
      } else if (character === "[" && isArray === null) isArray = true;
      else if (character === "]" && isArray === true && !isEnded) isEnded = true;
      else if (!/[\s,\ufeff]/.test(character ?? "")) fail("has text outside of a JSON object");
    }
    const limit = isArray === true ? MAX_LINE_BYTES : MAX_DOCUMENT_CHARS;
    if (start >= 0 && text.length - start > limit) {
      line = startLine;
      fail(
        `an object is longer than ${limit / 1e6} MB: write one result per line, for example with jq -c '.results[]'`,
      );
    }
    const kept = start < 0 ? text.length : start;
    text = text.slice(kept);
    // An escape at the end of a chunk may have moved the position beyond it.
    at -= kept;
    if (start >= 0) start = 0;
    return documents;
  }

  for await (const chunk of bytes) {
    text += decode(chunk);
    yield { documents: scan() };
  }
  text += decode();
  yield { documents: scan() };
  if (depth > 0) {
    line = startLine;
    fail("a JSON object starts here and does not end: the file is cut off");
  }
  if (isArray === true && !isEnded) fail("the JSON array does not end: the file is cut off");
}
