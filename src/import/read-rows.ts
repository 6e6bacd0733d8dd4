import { unguardFormula } from "../values/formula-guard.ts";
import { pluralize } from "../values/pluralize.ts";
import { type CsvRecord, readCsvRecords } from "./csv-records.ts";
import { ImportError } from "./import-error.ts";
import { flattenRestJob } from "./rest-job.ts";
import { type Cells, COLUMN_NAMES, type ColumnName, type RowFault } from "./result-row.ts";
import { readTextBlocks, type TextBlock } from "./text-blocks.ts";

export type FileFormat = "csv" | "ndjson";

interface FileRow {
  /** The line on which the row starts. */
  line: number;
  /** The unchanged text of the row. */
  raw: string;
  cells: Cells;
  /** Set if the cells cannot be read. */
  fault: RowFault | null;
}

export interface RowFile {
  format: FileFormat;
  /** The unchanged header row, or null in NDJSON. */
  header: string | null;
  /** Grows while the rows are read, up to MAX_IGNORED_COLUMNS names. */
  ignoredColumns: ReadonlySet<string>;
  blocks: AsyncIterable<{ rows: FileRow[]; bytesRead: number }>;
}

const COLUMNS: ReadonlySet<string> = new Set(COLUMN_NAMES);
const REQUIRED_COLUMNS: readonly ColumnName[] = ["email", "status"];

/** A CSV file with these columns comes from the export, so the importer removes the apostrophes that guard formulas. */
const EXPORT_COLUMNS = ["job_id", "job_status"];

/** Every row of an NDJSON file may contain new keys. */
const MAX_IGNORED_COLUMNS = 50;
/** If a file has no header, its first row contains data, and messages must not repeat an e-mail address. */
const COLUMN_NAME = /^[\p{L}\p{N}_][\p{L}\p{N} _.\-()/#:;|]{0,59}$/u;
const NOT_SHOWN = "(not shown, because it is not a column name)";

export async function readRowFile(
  input: AsyncIterable<Uint8Array>,
  fileName: string,
  format: FileFormat | undefined,
): Promise<RowFile> {
  const blocks = readTextBlocks(input, fileName);
  const firstBlocks: TextBlock[] = [];
  let start = "";
  while (start === "") {
    const next = await blocks.next();
    if (next.done) throw new ImportError({ fileName, reason: "the file is empty" });
    firstBlocks.push(next.value);
    start = next.value.text.trimStart();
  }
  const all = concat(firstBlocks, blocks);
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
      const reason = `has ${pluralize(fields.length, "field")} where the header has ${columns.length}`;
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
  // Unknown columns may repeat, most often as empty names after the last comma, because they are ignored.
  const repeated = known.find((column, index) => known.indexOf(column) !== index);
  if (repeated !== undefined) fail("appears twice in the header", repeated);
  const missing = REQUIRED_COLUMNS.find((column) => !known.includes(column));
  if (missing !== undefined) {
    const separator = known.length === 0 && [";", "\t", "|"].find((character) => header.raw.includes(character));
    const found = [...ignoredColumns, ...known].filter((name) => name !== "").join(", ");
    const hint = separator ? ` (fields must be separated by commas, not ${JSON.stringify(separator)})` : "";
    const lineHint = header.raw.includes("\r") ? " (lines must end in LF or CRLF, not in CR alone)" : "";
    fail(`is missing in the header, which contains: ${found}${hint}${lineHint}`, missing);
  }
  const isExport = EXPORT_COLUMNS.every((name) => header.fields.some((field) => nameOf(field) === name));
  return { columns, ignoredColumns, isExport };
}

function readNdjsonFile(blocks: AsyncIterable<TextBlock>, fileName: string, start: string): RowFile {
  if (start.startsWith("[")) {
    throw new ImportError({ fileName, reason: "is a JSON array, but the file must contain one JSON object per line" });
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
        if (raw !== "")
          rows.push(parseObject({ raw, line, isInvalidUtf8: invalidLines.includes(line) }, ignoredColumns));
      }
      yield { rows, bytesRead };
    }
  }
  return { format: "ndjson", header: null, ignoredColumns, blocks: rowBlocks() };
}

interface JsonLine {
  readonly raw: string;
  readonly line: number;
  readonly isInvalidUtf8: boolean;
}

function parseObject({ raw, line, isInvalidUtf8 }: JsonLine, ignoredColumns: Set<string>): FileRow {
  const bad = (reason: string, column: string | null = null): FileRow => {
    return { line, raw, cells: {}, fault: { column, reason } };
  };
  if (isInvalidUtf8) return bad("is not valid UTF-8");
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    // The message of JSON.parse quotes the line, which contains addresses.
    return bad("is not valid JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return bad("is not a JSON object");
  const cells: Cells = {};
  for (const [key, cell] of Object.entries(flattenRestJob(value))) {
    const column = asColumn(key);
    if (column === null) noteIgnored(ignoredColumns, key);
    else if (column in cells) return bad("appears twice in the object", column);
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

async function* concat<T>(first: readonly T[], rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield* first;
  yield* rest;
}
