import type { FileFormat } from "./read-rows.ts";
import type { RowFault } from "./result-row.ts";

/**
 * The lines of a file of bad rows. It is an importable file itself: the original row unchanged, with three columns the
 * importer ignores. In CSV they come first, so that a row with broken quotes or too few fields stays as it was.
 */
export function badRowHeader(header: string | null): string | null {
  return header === null ? null : `import_line,import_column,import_reason,${header}`;
}

export function badRowLine(format: FileFormat, row: { line: number; raw: string }, fault: RowFault): string {
  if (format === "csv") return `${row.line},${fault.column ?? ""},${quoted(fault.reason)},${row.raw}`;
  const why = JSON.stringify({ import_line: row.line, import_column: fault.column, import_reason: fault.reason });
  if (!isObject(row.raw)) return `${why.slice(0, -1)},"import_row":${JSON.stringify(row.raw)}}`;
  const rest = row.raw.slice(1).trimStart();
  return rest.startsWith("}") ? why : `${why.slice(0, -1)},${rest}`;
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
