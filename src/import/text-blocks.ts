import { isUtf8 } from "node:buffer";
import { ImportError } from "./import-error.ts";

/** Complete lines. Only the last block of a file may end without a line feed. */
export interface TextBlock {
  text: string;
  /** The size of the file up to the end of this block. */
  bytesRead: number;
  /** The lines of the file, counted from 1, that are not valid UTF-8. The text contains U+FFFD in their place. */
  invalidLines: readonly number[];
}

/** Without this limit a file without line feeds would be read into memory completely. */
export const MAX_LINE_BYTES = 1_000_000;

const LINE_FEED = 0x0a;

export async function* readTextBlocks(input: AsyncIterable<Uint8Array>, fileName: string): AsyncGenerator<TextBlock> {
  let unfinished: Uint8Array[] = [];
  let unfinishedBytes = 0;
  let bytesRead = 0;
  let line = 1;
  let isFirst = true;

  const block = (parts: Uint8Array[]): TextBlock => {
    const joined = Buffer.concat(parts);
    const bytes = isFirst && joined.indexOf("\ufeff") === 0 ? joined.subarray(3) : joined;
    isFirst = false;
    const invalidLines = isUtf8(bytes) ? [] : findInvalidLines(bytes, line);
    line += countLineFeeds(bytes);
    return { text: bytes.toString("utf8"), bytesRead, invalidLines };
  };

  for await (const chunk of input) {
    bytesRead += chunk.length;
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

function countLineFeeds(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) count++;
  return count;
}

function findInvalidLines(bytes: Uint8Array, firstLine: number): number[] {
  const invalid: number[] = [];
  let start = 0;
  for (let line = firstLine; start < bytes.length; line++) {
    const feed = bytes.indexOf(LINE_FEED, start);
    const end = feed < 0 ? bytes.length : feed + 1;
    if (!isUtf8(bytes.subarray(start, end))) invalid.push(line);
    start = end;
  }
  return invalid;
}
