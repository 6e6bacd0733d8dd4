import { MAX_TEXT_BYTES } from "../values/text-limit.ts";
import {
  type CellValue,
  readAddress,
  readAddressIfAny,
  readBoolean,
  readJobStatus,
  readText,
  readTimestamp,
  readUuid,
} from "./cell.ts";

/** The documented keys of a result, in their documented order, then those of ours for the job itself. */
const CELL_READERS = {
  id: readUuid,
  email: readAddress,
  status: readText,
  is_role_based: readBoolean,
  is_disposable: readBoolean,
  has_mx_records: readBoolean,
  has_reverse_dns: readBoolean,
  domain_name: readText,
  host_name: readText,
  server_type: readText,
  is_catchall: readBoolean,
  validated_at: readTimestamp,
  unknown_reason: readText,
  needs_physical_verify: readBoolean,
  /** The job's own address, where that is another one than the record's. */
  email_address: readAddressIfAny,
  job_status: readJobStatus,
  job_created_at: readTimestamp,
  job_updated_at: readTimestamp,
} as const satisfies Record<string, (cell: unknown) => CellValue>;

export type ColumnName = keyof typeof CELL_READERS;

export const COLUMN_NAMES = Object.keys(CELL_READERS) as readonly ColumnName[];

/** What a file says about one address: strings from CSV, JSON values from NDJSON. */
export type Cells = { [Column in ColumnName]?: unknown };

/** Checked, and in PostgreSQL's text form. `status` null means that there is no result yet, only a job. */
export type ResultRow = { [Column in ColumnName]: string | null };

export interface RowFault {
  /** Null when the fault is the row's as a whole. */
  column: string | null;
  reason: string;
}

export function isRowFault(row: ResultRow | RowFault): row is RowFault {
  return "reason" in row;
}

/** The first fault in column order, or the row. */
export function parseResultRow(cells: Cells): ResultRow | RowFault {
  const row: Partial<ResultRow> = {};
  for (const column of COLUMN_NAMES) {
    const value = CELL_READERS[column](cells[column]);
    if (value !== null && typeof value === "object") return { column, reason: value.reason };
    row[column] = value;
  }
  if (textBytesOf(row) > MAX_TEXT_BYTES) {
    return { column: null, reason: `the texts of the result have more than ${MAX_TEXT_BYTES} bytes together` };
  }
  row.job_status ??= row.status === null ? "pending" : "completed";
  return row as ResultRow;
}

/** The bytes that the database limits in one email record. */
function textBytesOf(row: Partial<ResultRow>): number {
  const texts = [row.email, row.status, row.domain_name, row.host_name, row.server_type, row.unknown_reason];
  return texts.reduce((bytes, text) => bytes + Buffer.byteLength(text ?? ""), 0);
}
