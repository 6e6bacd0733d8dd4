import { type FileDescription, faultInFile, type ReadOptions } from "./formats/row-file.ts";
import { readRowFile } from "./read-rows.ts";
import { isRowFault, parseResultRow, type ResultRow } from "./result-row.ts";

export interface PreviewOptions extends ReadOptions {
  readonly input: AsyncIterable<Uint8Array>;
  readonly onRecognized: (file: FileDescription) => void;
  readonly signal: AbortSignal;
}

interface PreviewRow {
  readonly line: number;
  /** As it would be stored. */
  readonly row: ResultRow;
}

interface PreviewFault {
  readonly line: number;
  readonly column: string | null;
  readonly reason: string;
}

export interface Preview {
  readonly rows: number;
  readonly rowsWithResult: number;
  readonly firstRows: readonly PreviewRow[];
  readonly badRows: number;
  readonly firstFaults: readonly PreviewFault[];
  readonly ignoredColumns: readonly string[];
  readonly notes: readonly string[];
}

const SHOWN_ROWS = 5;
const SHOWN_FAULTS = 10;

/** Reads and checks the whole file as an import does, without a database. Repeated ids are only found by an import. */
export async function previewRows(options: PreviewOptions): Promise<Preview> {
  const file = await readRowFile(options.input, options);
  options.onRecognized(file.description);
  const firstRows: PreviewRow[] = [];
  const firstFaults: PreviewFault[] = [];
  const counts = { rows: 0, rowsWithResult: 0, badRows: 0 };
  for await (const { rows } of file.blocks) {
    options.signal.throwIfAborted();
    for (const fileRow of rows) {
      const { line, cells, fault } = fileRow;
      const row = fault ?? parseResultRow(cells);
      if (isRowFault(row)) {
        counts.badRows++;
        if (firstFaults.length < SHOWN_FAULTS) firstFaults.push({ line, ...faultInFile(file, fileRow, row) });
        continue;
      }
      counts.rows++;
      if (row.status !== null) counts.rowsWithResult++;
      if (firstRows.length < SHOWN_ROWS) firstRows.push({ line, row });
    }
  }
  return { ...counts, firstRows, firstFaults, ignoredColumns: [...file.ignoredColumns], notes: file.lateNotes() };
}
