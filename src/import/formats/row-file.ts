import { shownName } from "../message-text.ts";
import type { Cells, RowFault } from "../result-row.ts";
import type { Encoding } from "../text/encoding.ts";
import type { ChosenFormat, FormatOptions } from "./choose-format.ts";
import type { SourceField } from "./convert-result.ts";
import type { ColumnUse } from "./describe-columns.ts";
import { OWN_TITLE } from "./recognize-format.ts";

export type FileFormat = "csv" | "ndjson";

export interface FileRow {
  /** The line on which the row starts. */
  line: number;
  /** The number of the result in a JSON array or response, where several results may be on one line. */
  result?: number;
  /** The unchanged text of the row. */
  raw: string;
  cells: Cells;
  /** Set if the cells cannot be read. */
  fault: RowFault | null;
}

export interface ReadOptions extends FormatOptions {
  /** Appears in messages, and its end decides between CSV and JSON. "-" is standard input. */
  readonly fileName: string;
  readonly format?: FileFormat | undefined;
  readonly delimiter?: string | undefined;
  readonly encoding?: Encoding | undefined;
}

/** The recognized format, for the user. */
export interface FileDescription {
  /** "ZeroBounce" */
  readonly title: string;
  readonly because: string;
  /** "CSV separated by commas", "gzip" */
  readonly layers: readonly string[];
  /** Empty for our own format, whose columns have their own names. */
  readonly columns: readonly ColumnUse[];
  readonly notes: readonly string[];
}

export interface RowFile {
  format: FileFormat;
  /** Separates the columns that the file of bad rows adds. */
  delimiter: string;
  /** The unchanged header row, or null in JSON. */
  header: string | null;
  /** Grows while the rows are read, up to MAX_IGNORED_COLUMNS names. */
  ignoredColumns: ReadonlySet<string>;
  description: FileDescription;
  /** The name in the file of each of our columns, if it differs. */
  titles: ReadonlyMap<string, string>;
  /** Notes for the user that arose while the rows were read. */
  lateNotes: () => string[];
  blocks: AsyncIterable<{ rows: FileRow[]; bytesRead: number }>;
}

/** Every row of a JSON file may contain new keys. */
const MAX_IGNORED_COLUMNS = 50;

export function noteIgnored(ignoredColumns: Set<string>, name: string): void {
  if (ignoredColumns.size < MAX_IGNORED_COLUMNS) ignoredColumns.add(shownName(name));
}

/** The fault as the user finds it in the file: with the file's name of the column. */
export function faultInFile(
  { titles }: RowFile,
  { result }: Pick<FileRow, "result">,
  { column, reason }: RowFault,
): RowFault {
  return {
    column: column === null ? null : shownName(titles.get(column) ?? column),
    reason: result === undefined ? reason : `${reason} (result ${result} of the file)`,
  };
}

export async function* concat<T>(first: readonly T[], rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield* first;
  yield* rest;
}

export function describeFormat({ format, because }: ChosenFormat) {
  const title = format === null ? OWN_TITLE : because === "--map" ? "columns of --map" : format.title;
  return { title, because };
}

export function titlesOf(sources: ReadonlyMap<SourceField, string>): Map<string, string> {
  return new Map([...sources].map(([field, source]) => [field === "reason" ? "unknown_reason" : field, source]));
}

export function isFault(cells: Cells | RowFault): cells is RowFault {
  return "reason" in cells;
}

export function describeWindows1252(line: number | null): string[] {
  return line === null ? [] : [`The file was read as Windows-1252, because line ${line} is not valid UTF-8.`];
}
