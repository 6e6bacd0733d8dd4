import type { RowFile } from "./formats/row-file.ts";
import type { RowFault } from "./result-row.ts";

/**
 * A file of bad rows can be imported after its rows are repaired: it contains the original rows and three columns that the
 * importer ignores. In CSV these columns come first, so that a row with wrong quotes or too few fields stays unchanged.
 */
export function badRowHeader({ header, delimiter }: RowFile): string | null {
  return header === null ? null : ["import_line", "import_column", "import_reason", header].join(delimiter);
}

export function badRowLine(file: RowFile, row: { line: number; raw: string }, fault: RowFault): string {
  const { format, delimiter } = file;
  if (format === "csv") {
    const column = fault.column ?? "";
    const isPlain = !column.includes(delimiter) && !/["\r\n]/.test(column);
    return [row.line, isPlain ? column : quoted(column), quoted(fault.reason), row.raw].join(delimiter);
  }
  const reason = JSON.stringify({ import_line: row.line, import_column: fault.column, import_reason: fault.reason });
  if (!isObject(row.raw)) return `${reason.slice(0, -1)},"import_row":${JSON.stringify(row.raw)}}`;
  const rest = row.raw.slice(1).trimStart();
  return rest.startsWith("}") ? reason : `${reason.slice(0, -1)},${rest}`;
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

function isObject(raw: string): boolean {
  if (!raw.startsWith("{")) return false;
  try {
    JSON.parse(raw);
    return true;
  } catch {
    return false;
  }
}
