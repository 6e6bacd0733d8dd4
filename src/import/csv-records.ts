import { MAX_LINE_BYTES, type TextBlock } from "./text-blocks.ts";

export interface CsvRecord {
  /** The line on which the record starts. */
  line: number;
  /** The unchanged text of the record without its line break. */
  raw: string;
  fields: string[];
  fault: string | null;
}

export interface RecordBlock {
  records: CsvRecord[];
  bytesRead: number;
}

interface ParsedRecord {
  fields: string[];
  fault: string | null;
  /** The index at which the next record starts. */
  end: number;
}

/**
 * Reads RFC 4180 with LF, CRLF or CR CR LF, which is a CRLF that was converted twice, and skips blank lines. After wrong
 * quotes it continues on the next line, so that one stray quote makes one row bad and not the rest of the file.
 */
export async function* readCsvRecords(blocks: AsyncIterable<TextBlock>): AsyncGenerator<RecordBlock> {
  let text = "";
  let line = 1;
  let bytesRead = 0;
  const invalidLines: number[] = [];

  const parseRecords = (isLast: boolean): CsvRecord[] => {
    const records: CsvRecord[] = [];
    let start = 0;
    while (start < text.length) {
      const parsed = parseRecord(text, start, isLast);
      if (parsed === undefined) break;
      const raw = withoutLineBreak(text.slice(start, parsed.end));
      const nextLine = line + countLines(raw);
      let fault = parsed.fault;
      while (invalidLines[0] !== undefined && invalidLines[0] < nextLine) {
        invalidLines.shift();
        fault = "is not valid UTF-8";
      }
      if (raw.trim() !== "") records.push({ line, raw, fields: parsed.fields, fault });
      line = nextLine;
      start = parsed.end;
    }
    text = text.slice(start);
    return records;
  };

  for await (const block of blocks) {
    text += block.text;
    bytesRead = block.bytesRead;
    invalidLines.push(...block.invalidLines);
    yield { records: parseRecords(false), bytesRead };
  }
  yield { records: parseRecords(true), bytesRead };
}

/** Returns undefined if the record continues in a block that has not been read yet. */
function parseRecord(text: string, start: number, isLast: boolean): ParsedRecord | undefined {
  const lineFeed = text.indexOf("\n", start);
  if (lineFeed < 0 && !isLast) return undefined;
  const nextLine = lineFeed < 0 ? text.length : lineFeed + 1;
  const firstLine = withoutLineBreak(text.slice(start, nextLine));
  if (!firstLine.includes('"')) return { fields: firstLine.split(","), fault: null, end: nextLine };

  const broken = (fault: string): ParsedRecord => ({ fields: [], fault, end: nextLine });
  const fields: string[] = [];
  for (let at = start; ; at++) {
    if (text[at] === '"') {
      const close = findClosingQuote(text, at + 1);
      if (close < 0) {
        if (!isLast && text.length - start <= MAX_LINE_BYTES) return undefined;
        return broken("has an opening quote without a closing quote");
      }
      fields.push(text.slice(at + 1, close).replaceAll('""', '"'));
      at = close + 1;
    } else {
      const end = findFieldEnd(text, at);
      const field = text.slice(at, end);
      if (field.includes('"')) return broken("has a quote inside a field that does not start with one");
      fields.push(field);
      at = end;
    }
    if (text[at] === ",") continue;
    if (at >= text.length || text[at] === "\n") return { fields, fault: null, end: at + 1 };
    let end = at;
    while (text[end] === "\r") end++;
    if (end > at && (text[end] === "\n" || end >= text.length)) return { fields, fault: null, end: end + 1 };
    return broken("has text after a closing quote");
  }
}

/** Returns -1 if the text contains no closing quote. A doubled quote is part of the value. */
function findClosingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return -1;
}

function findFieldEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== "," && text[at] !== "\n") at++;
  if (text[at] === ",") return at;
  while (at > from && text[at - 1] === "\r") at--;
  return at;
}

function countLines(raw: string): number {
  let count = 1;
  for (let at = raw.indexOf("\n"); at >= 0; at = raw.indexOf("\n", at + 1)) count++;
  return count;
}

function withoutLineBreak(line: string): string {
  let end = line.endsWith("\n") ? line.length - 1 : line.length;
  while (line[end - 1] === "\r") end--;
  return line.slice(0, end);
}
