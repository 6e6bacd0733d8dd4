import { unguardFormula } from "../values/formula-guard.ts";
import { type CsvRecord, readCsvRecords } from "./csv-records.ts";
import { ImportError } from "./import-error.ts";
import { flattenRestJob } from "./rest-job.ts";
import { type Cells, COLUMN_NAMES, type ColumnName, type RowFault } from "./result-row.ts";
import { readTextBlocks, type TextBlock } from "./text-blocks.ts";

export type FileFormat = "csv" | "ndjson";

interface FileRow {
  /** Where the row starts. */
  line: number;
  /** As it stands in the file. */
  raw: string;
  cells: Cells;
  /** What keeps the cells from being read at all. */
  fault: RowFault | null;
}

export interface RowFile {
  format: FileFormat;
  /** The header row as it stands in the file, null where the format has none. */
  header: string | null;
  /** Filled while the rows are read; at most MAX_IGNORED_COLUMNS names. */
  ignoredColumns: ReadonlySet<string>;
  blocks: AsyncIterable<{ rows: FileRow[]; bytesRead: number }>;
}

const COLUMNS: ReadonlySet<string> = new Set(COLUMN_NAMES);
const REQUIRED_COLUMNS: readonly ColumnName[] = ["email", "status"];

/** By which our own CSV exports are known: theirs are the only apostrophes that may be taken off. */
const OF_EXPORT = ["job_id", "job_status"];

/** NDJSON may bring new keys with every row. */
const MAX_IGNORED_COLUMNS = 50;
/** If a file has no header, its first row holds data, and a message must not repeat an e-mail address. */
const COLUMN_NAME = /^[\p{L}\p{N}_][\p{L}\p{N} _.\-()/#:;|]{0,59}$/u;
const NOT_SHOWN = "(not shown: not a column name)";

export async function readRowFile(
  input: AsyncIterable<Uint8Array>,
  fileName: string,
  format: FileFormat | undefined,
): Promise<RowFile> {
  const blocks = readTextBlocks(input, fileName);
  const opening: TextBlock[] = [];
  let start = "";
  while (start === "") {
    const next = await blocks.next();
    if (next.done) throw new ImportError({ fileName, reason: "the file is empty" });
    opening.push(next.value);
    start = next.value.text.trimStart();
  }
  const all = startingWith(opening, blocks);
  const isNdjson = (format ?? formatOf(fileName) ?? sniffFormat(start)) === "ndjson";
  return isNdjson ? readNdjsonFile(all, fileName, start) : readCsvFile(all, fileName);
}

async function readCsvFile(blocks: AsyncIterable<TextBlock>, fileName: string): Promise<RowFile> {
  const recordBlocks = readCsvRecords(blocks);
  let { records, bytesRead } = { records: [] as CsvRecord[], bytesRead: 0 };
  while (records.length === 0) {
    const next = await recordBlocks.next();
    if (next.done) throw new ImportError({ fileName, reason: "the file is empty" });
    ({ records, bytesRead } = next.value);
  }
  const [header, ...firstRecords] = records;
  if (header === undefined) throw new ImportError({ fileName, reason: "the file is empty" });
  const { columns, ignoredColumns, isExport } = readHeader(header, fileName);
  const cellOf = isExport ? unguardFormula : (field: string) => field;

  const toRow = ({ line, raw, fields, fault }: CsvRecord): FileRow => {
    if (fault !== null) return { line, raw, cells: {}, fault: { column: null, reason: fault } };
    if (fields.length !== columns.length) {
      const reason = `has ${fields.length} fields where the header has ${columns.length}`;
      return { line, raw, cells: {}, fault: { column: null, reason } };
    }
    const cells: Cells = {};
    for (const [index, column] of columns.entries()) {
      if (column !== null) cells[column] = cellOf(fields[index] ?? "");
    }
    return { line, raw, cells, fault: null };
  };
  async function* rowBlocks() {
    yield { rows: firstRecords.map(toRow), bytesRead };
    for await (const block of recordBlocks) yield { rows: block.records.map(toRow), bytesRead: block.bytesRead };
  }
  return { format: "csv", header: header.raw, ignoredColumns, blocks: rowBlocks() };
}

function readHeader(header: CsvRecord, fileName: string) {
  const fail = (reason: string, column?: string): never => {
    throw new ImportError({ fileName, line: header.line, column: column ?? null, reason });
  };
  if (header.fault !== null) fail(`the header ${header.fault}`);
  const ignoredColumns = new Set<string>();
  const columns = header.fields.map((field) => {
    const column = asColumn(field);
    if (column === null) noteIgnored(ignoredColumns, field);
    return column;
  });
  const known = columns.filter((column) => column !== null);
  // A vendor's own columns may repeat, most often as empty names after the last comma: nothing is read from them.
  const repeated = known.find((column, index) => known.indexOf(column) !== index);
  if (repeated !== undefined) fail("stands in the header twice", repeated);
  const missing = REQUIRED_COLUMNS.find((column) => !known.includes(column));
  if (missing !== undefined) {
    const separator = known.length === 0 && [";", "\t", "|"].find((character) => header.raw.includes(character));
    const found = [...ignoredColumns, ...known].filter((name) => name !== "").join(", ");
    const hint = separator ? ` (fields must be separated by commas, not ${JSON.stringify(separator)})` : "";
    const lineHint = header.raw.includes("\r") ? " (lines must end in LF or CRLF, not in CR alone)" : "";
    fail(`is missing in the header, which has: ${found}${hint}${lineHint}`, missing);
  }
  const isExport = OF_EXPORT.every((name) => header.fields.some((field) => nameOf(field) === name));
  return { columns, ignoredColumns, isExport };
}

function readNdjsonFile(blocks: AsyncIterable<TextBlock>, fileName: string, start: string): RowFile {
  if (start.startsWith("[")) {
    throw new ImportError({ fileName, reason: "a JSON array cannot be read, only one JSON object per line" });
  }
  const ignoredColumns = new Set<string>();
  async function* rowBlocks() {
    let line = 0;
    for await (const { text, bytesRead, invalidLines } of blocks) {
      const lines = text.split("\n");
      if (lines.at(-1) === "") lines.pop();
      const rows: FileRow[] = [];
      for (const content of lines) {
        line++;
        const raw = content.trim();
        if (raw !== "") rows.push(parseObject(raw, line, invalidLines.includes(line), ignoredColumns));
      }
      yield { rows, bytesRead };
    }
  }
  return { format: "ndjson", header: null, ignoredColumns, blocks: rowBlocks() };
}

function parseObject(raw: string, line: number, isInvalidUtf8: boolean, ignoredColumns: Set<string>): FileRow {
  const bad = (reason: string, column: string | null = null): FileRow => {
    return { line, raw, cells: {}, fault: { column, reason } };
  };
  if (isInvalidUtf8) return bad("is not valid UTF-8");
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    // The parser's own message quotes the line, addresses included.
    return bad("is not valid JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return bad("is not a JSON object");
  const cells: Cells = {};
  for (const [key, cell] of Object.entries(flattenRestJob(value))) {
    const column = asColumn(key);
    if (column === null) noteIgnored(ignoredColumns, key);
    else if (column in cells) return bad("stands in the object twice", column);
    else cells[column] = cell;
  }
  return { line, raw, cells, fault: null };
}

function nameOf(field: string): string {
  return field.trim().toLowerCase();
}

function asColumn(name: string): ColumnName | null {
  const normalized = nameOf(name);
  return COLUMNS.has(normalized) ? (normalized as ColumnName) : null;
}

function noteIgnored(ignoredColumns: Set<string>, name: string): void {
  if (ignoredColumns.size >= MAX_IGNORED_COLUMNS) return;
  const trimmed = name.trim();
  ignoredColumns.add(trimmed === "" || COLUMN_NAME.test(trimmed) ? trimmed : NOT_SHOWN);
}

function formatOf(fileName: string): FileFormat | undefined {
  if (/\.csv$/i.test(fileName)) return "csv";
  return /\.(ndjson|jsonl)$/i.test(fileName) ? "ndjson" : undefined;
}

function sniffFormat(text: string): FileFormat {
  return /^[{[]/.test(text) ? "ndjson" : "csv";
}

async function* startingWith<T>(first: readonly T[], rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield* first;
  yield* rest;
}
