import { type CsvDialect, type ParsedRecord, parseRecord, withoutLineBreak } from "./parse-record.ts";
import type { BadLine, TextBlock } from "./text-blocks.ts";

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

/** A row of separators only, as spreadsheets write it for cells that were emptied. */
const EMPTY_ROW = /^[\s,;|"]*$/;

/**
 * Reads RFC 4180 with LF, CRLF or CR CR LF, which is a CRLF that was converted twice, and skips empty rows. After wrong
 * quotes it continues on the next line, so that one stray quote makes one row bad and not the rest of the file.
 */
export async function* readCsvRecords(
  blocks: AsyncIterable<TextBlock>,
  dialect: CsvDialect,
): AsyncGenerator<RecordBlock> {
  let text = "";
  let line = 1;
  let bytesRead = 0;
  const badLines: BadLine[] = [];

  const parseRecords = (isLast: boolean): CsvRecord[] => {
    const records: CsvRecord[] = [];
    let start = 0;
    while (start < text.length) {
      const parsed: ParsedRecord | undefined = parseRecord(text, start, { dialect, isLast });
      if (parsed === undefined) break;
      const raw = withoutLineBreak(text.slice(start, parsed.end));
      const nextLine = line + countLines(raw);
      let fault = parsed.fault;
      while (badLines[0] !== undefined && badLines[0].line < nextLine) fault = badLines.shift()?.reason ?? fault;
      if (!EMPTY_ROW.test(raw)) records.push({ line, raw, fields: parsed.fields, fault });
      line = nextLine;
      start = parsed.end;
    }
    text = text.slice(start);
    return records;
  };

  for await (const block of blocks) {
    text += block.text;
    bytesRead = block.bytesRead;
    badLines.push(...block.badLines);
    yield { records: parseRecords(false), bytesRead };
  }
  yield { records: parseRecords(true), bytesRead };
}

function countLines(raw: string): number {
  let count = 1;
  for (let at = raw.indexOf("\n"); at >= 0; at = raw.indexOf("\n", at + 1)) count++;
  return count;
}
