import { isAscii, isUtf8 } from "node:buffer";
import { ImportError } from "../import-error.ts";
import { decodeWindows1252, hasUndefinedCharacter } from "./encoding.ts";
import type { TextSource } from "./text-source.ts";

export interface BadLine {
  /** Counted from 1. */
  readonly line: number;
  readonly reason: string;
}

/** Complete lines. Only the last block of a file may end without a line feed. */
export interface TextBlock {
  text: string;
  /** The size of the file up to the end of this block. */
  bytesRead: number;
  /** The lines that cannot be decoded. The text contains replacement characters in their place. */
  badLines: readonly BadLine[];
}

/** Without this limit a file without line feeds would be read into memory completely. */
export const MAX_LINE_BYTES = 1_000_000;

const LINE_FEED = 0x0a;

const NOT_UTF8 = "is not valid UTF-8";
const MIXED =
  "is UTF-8, although earlier lines are Windows-1252: save the file in one encoding, or name one with --encoding";
const NOT_WINDOWS_1252 = "is neither UTF-8 nor Windows-1252: save the file as UTF-8";

/** Null until the first line that is not ASCII decides. */
type Decided = { readonly encoding: "utf-8" | "windows-1252"; readonly line: number } | null;

/**
 * Decodes lines. The first line with a character outside of ASCII decides whether the file is UTF-8 or Windows-1252, unless
 * the source names the encoding.
 */
export function createTextBlocks({ bytes, bytesRead, encoding }: TextSource, fileName: string) {
  const isWindows1252 = encoding === "windows-1252";
  let decided: Decided = encoding === null ? null : { encoding: isWindows1252 ? "windows-1252" : "utf-8", line: 0 };
  let line = 1;
  let isFirst = true;

  const block = (parts: Uint8Array[]): TextBlock => {
    const joined = Buffer.concat(parts);
    const content = isFirst && joined.indexOf("\ufeff") === 0 ? joined.subarray(3) : joined;
    isFirst = false;
    decided ??= decide(content, line);
    const firstLine = line;
    line += countLineFeeds(content);
    if (decided?.encoding === "windows-1252") {
      const text = decodeWindows1252(content);
      const badLines = findLines(content, firstLine, (bytes) => faultOfWindows1252(bytes, encoding !== null));
      return { text, bytesRead: bytesRead(), badLines };
    }
    const badLines = isUtf8(content) ? [] : findLines(content, firstLine, (bytes) => (isUtf8(bytes) ? null : NOT_UTF8));
    return { text: content.toString("utf8"), bytesRead: bytesRead(), badLines };
  };

  async function* blocks(): AsyncGenerator<TextBlock> {
    let unfinished: Uint8Array[] = [];
    let unfinishedBytes = 0;
    for await (const chunk of bytes) {
      const end = chunk.lastIndexOf(LINE_FEED) + 1;
      if (end > 0) {
        yield block([...unfinished, chunk.subarray(0, end)]);
        unfinished = [];
        unfinishedBytes = 0;
      }
      unfinished.push(chunk.subarray(end));
      unfinishedBytes += chunk.length - end;
      if (unfinishedBytes > MAX_LINE_BYTES) {
        throw new ImportError({ fileName, line, reason: `the line is longer than ${MAX_LINE_BYTES / 1e6} MB` });
      }
    }
    if (unfinishedBytes > 0) yield block(unfinished);
  }

  return {
    blocks: blocks(),
    /** Set once the file was found to be Windows-1252: the first line that is not UTF-8. */
    windows1252Line: () => (encoding === null && decided?.encoding === "windows-1252" ? decided.line : null),
  };
}

function decide(bytes: Buffer, firstLine: number): Decided {
  if (isAscii(bytes)) return null;
  if (isUtf8(bytes)) return { encoding: "utf-8", line: 0 };
  for (const [index, lineBytes] of linesOf(bytes)) {
    if (isAscii(lineBytes)) continue;
    if (isUtf8(lineBytes) || hasUndefinedCharacter(lineBytes.toString("latin1"))) break;
    return { encoding: "windows-1252", line: firstLine + index };
  }
  return { encoding: "utf-8", line: 0 };
}

function faultOfWindows1252(bytes: Buffer, isNamed: boolean): string | null {
  if (isAscii(bytes)) return null;
  if (!isNamed && isUtf8(bytes)) return MIXED;
  return hasUndefinedCharacter(bytes.toString("latin1")) ? NOT_WINDOWS_1252 : null;
}

function findLines(bytes: Buffer, firstLine: number, faultOf: (line: Buffer) => string | null): BadLine[] {
  const bad: BadLine[] = [];
  for (const [index, lineBytes] of linesOf(bytes)) {
    const reason = faultOf(lineBytes);
    if (reason !== null) bad.push({ line: firstLine + index, reason });
  }
  return bad;
}

function* linesOf(bytes: Buffer): Generator<[number, Buffer]> {
  for (let start = 0, index = 0; start < bytes.length; index++) {
    const feed = bytes.indexOf(LINE_FEED, start);
    const end = feed < 0 ? bytes.length : feed + 1;
    yield [index, bytes.subarray(start, end)];
    start = end;
  }
}

function countLineFeeds(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) count++;
  return count;
}
