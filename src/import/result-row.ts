import { MAX_TEXT_BYTES } from "../values/text-limit.ts";
import {
  type CellValue,
  readAddress,
  readBoolean,
  readJobStatus,
  readOptionalAddress,
  readText,
  readTimestamp,
  readUuid,
} from "./cell.ts";

type CellReader = (cell: unknown) => CellValue;

/** The columns of an email record, in the order of the documented JSON. */
const RECORD_READERS = {
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
} as const satisfies Record<string, CellReader>;

const CELL_READERS = {
  ...RECORD_READERS,
  /** The address of the job, if it differs from the address of the email record. */
  email_address: readOptionalAddress,
  job_status: readJobStatus,
  job_created_at: readTimestamp,
  job_updated_at: readTimestamp,
} as const satisfies Record<string, CellReader>;

export type ColumnName = keyof typeof CELL_READERS;

export const COLUMN_NAMES = Object.keys(CELL_READERS) as readonly ColumnName[];
export const RECORD_COLUMN_NAMES = Object.keys(RECORD_READERS) as readonly (keyof typeof RECORD_READERS)[];

/** The cells of one row: strings in CSV, JSON values in NDJSON. */
export type Cells = { [Column in ColumnName]?: unknown };

/** The validated cells in the text format of PostgreSQL. If `status` is null, the row is a job without a result. */
export type ResultRow = { [Column in ColumnName]: string | null };

export interface RowFault {
  /** Null if the fault concerns the whole row. */
  column: string | null;
  reason: string;
}

export function isRowFault(row: ResultRow | RowFault): row is RowFault {
  return "reason" in row;
}

/** Returns the row, or its first fault in the order of the columns. */
export function parseResultRow(cells: Cells): ResultRow | RowFault {
  const row: Partial<ResultRow> = {};
  for (const column of COLUMN_NAMES) {
    const value = CELL_READERS[column](cells[column]);
    if (value !== null && typeof value === "object") return { column, reason: value.reason };
    row[column] = value;
  }
  if (textBytesOf(row) > MAX_TEXT_BYTES) {
    return { column: null, reason: `the texts of the result are longer than ${MAX_TEXT_BYTES} bytes in total` };
  }
  row.job_status ??= row.status === null ? "pending" : "completed";
  return row as ResultRow;
}

/** The database limits the total length of these columns of an email record. */
function textBytesOf(row: Partial<ResultRow>): number {
  const texts = [row.email, row.status, row.domain_name, row.host_name, row.server_type, row.unknown_reason];
  return texts.reduce((bytes, text) => bytes + Buffer.byteLength(text ?? ""), 0);
}
