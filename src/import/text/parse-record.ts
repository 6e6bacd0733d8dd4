import { MAX_LINE_BYTES } from "./text-blocks.ts";

/** How a quote inside of a quoted field is written: doubled as in RFC 4180, or with a backslash as MySQL does. */
type QuoteStyle = "doubled" | "backslash";

export interface CsvDialect {
  readonly delimiter: string;
  /** The style that worked last. A record that it does not fit is read in the other one. */
  quoteStyle: QuoteStyle;
}

export interface ParsedRecord {
  fields: string[];
  fault: string | null;
  /** The index at which the next record starts. */
  end: number;
}

interface RecordContext {
  readonly dialect: CsvDialect;
  /** Whether the text ends with the file. */
  readonly isLast: boolean;
}

/** Returns undefined if the record continues in a block that has not been read yet. */
export function parseRecord(text: string, start: number, context: RecordContext): ParsedRecord | undefined {
  const { dialect, isLast } = context;
  const lineFeed = text.indexOf("\n", start);
  if (lineFeed < 0 && !isLast) return undefined;
  const nextLine = lineFeed < 0 ? text.length : lineFeed + 1;
  const firstLine = withoutLineBreak(text.slice(start, nextLine));
  if (!firstLine.includes('"')) return { fields: firstLine.split(dialect.delimiter), fault: null, end: nextLine };

  const parsed = parseQuoted(text, start, context);
  if (parsed?.fault == null || !firstLine.includes('\\"')) return parsed;
  const quoteStyle = dialect.quoteStyle === "doubled" ? "backslash" : "doubled";
  const other = parseQuoted(text, start, { isLast, dialect: { ...dialect, quoteStyle } });
  if (other === undefined || other.fault !== null) return parsed;
  dialect.quoteStyle = quoteStyle;
  return other;
}

function parseQuoted(text: string, start: number, { dialect, isLast }: RecordContext): ParsedRecord | undefined {
  const { delimiter, quoteStyle } = dialect;
  const lineFeed = text.indexOf("\n", start);
  const nextLine = lineFeed < 0 ? text.length : lineFeed + 1;
  const broken = (fault: string): ParsedRecord => ({ fields: [], fault, end: nextLine });
  const fields: string[] = [];
  for (let at = start; ; at++) {
    if (text[at] === '"') {
      const close = findClosingQuote(text, at + 1, quoteStyle);
      if (close < 0) {
        if (!isLast && text.length - start <= MAX_LINE_BYTES) return undefined;
        return broken("has an opening quote without a closing quote");
      }
      fields.push(unquoted(text.slice(at + 1, close), quoteStyle));
      at = close + 1;
    } else {
      const end = findFieldEnd(text, at, delimiter);
      const field = text.slice(at, end);
      if (field.includes('"')) return broken("has a quote inside a field that does not start with one");
      fields.push(field);
      at = end;
    }
    if (text[at] === delimiter) continue;
    if (at >= text.length || text[at] === "\n") return { fields, fault: null, end: at + 1 };
    let end = at;
    while (text[end] === "\r") end++;
    if (end > at && (text[end] === "\n" || end >= text.length)) return { fields, fault: null, end: end + 1 };
    return broken("has text after a closing quote");
  }
}

/** Returns -1 if the text contains no closing quote. An escaped quote is part of the value. */
function findClosingQuote(text: string, from: number, style: QuoteStyle): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 1)) {
    if (style === "backslash" && isEscaped(text, at, from)) continue;
    if (text[at + 1] !== '"') return at;
    // In the backslash style an empty field at the end of a quoted one cannot occur, so a doubled quote is a quote there, too.
    at++;
  }
  return -1;
}

function isEscaped(text: string, at: number, from: number): boolean {
  let backslashes = 0;
  while (at - backslashes > from && text[at - backslashes - 1] === "\\") backslashes++;
  return backslashes % 2 === 1;
}

function unquoted(field: string, style: QuoteStyle): string {
  const single = field.replaceAll('""', '"');
  return style === "doubled" ? single : single.replace(/\\(["\\])/g, "$1");
}

function findFieldEnd(text: string, from: number, delimiter: string): number {
  let at = from;
  while (at < text.length && text[at] !== delimiter && text[at] !== "\n") at++;
  if (text[at] === delimiter) return at;
  while (at > from && text[at - 1] === "\r") at--;
  return at;
}

export function withoutLineBreak(line: string): string {
  let end = line.endsWith("\n") ? line.length - 1 : line.length;
  while (line[end - 1] === "\r") end--;
  return line.slice(0, end);
}
