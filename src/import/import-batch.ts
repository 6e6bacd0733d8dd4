import { basename } from "node:path";
import type { Sql } from "../db/client.ts";
import { uuidv7 } from "../values/uuid.ts";
import { badRowHeader, badRowLine } from "./bad-row.ts";
import { copyLine } from "./copy-text.ts";
import {
  type FileDescription,
  type FileFormat,
  type FileRow,
  faultInFile,
  type ReadOptions,
  type RowFile,
} from "./formats/row-file.ts";
import { findIdFaults, type IdFault, insertTask, markRepeatedIds, setUpTransaction } from "./import.queries.ts";
import { ImportError } from "./import-error.ts";
import { lockStoring } from "./lock-storing.queries.ts";
import { readRowFile } from "./read-rows.ts";
import { COLUMN_NAMES, isRowFault, parseResultRow, type RowFault } from "./result-row.ts";
import { copyIntoStaging, createStagingTable, prepareStaging, type StagingCopy } from "./staging.queries.ts";
import { storeLines } from "./stored-lines.queries.ts";

export interface ImportProgress {
  /** First all rows are copied to a temporary table, then they are stored in the final tables. */
  phase: "reading" | "storing";
  /** The number of rows that this phase has processed. */
  rows: number;
  bytes: number;
}

/** Receives complete lines without a line feed. In CSV the first line is the header. */
export interface BadRowSink {
  write(line: string, format: FileFormat): void | Promise<void>;
  /** Called before the import is committed, so that an import whose bad rows cannot be written imports nothing. */
  flush?(): void | Promise<void>;
}

export interface ImportOptions extends ReadOptions {
  input: AsyncIterable<Uint8Array>;
  userId: string | null;
  taskId?: string | undefined;
  /** The default is the base name of the file. */
  source?: string | undefined;
  onBadRow: "stop" | BadRowSink;
  /** Receives what was recognized before the first row is read. */
  onRecognized?: ((file: FileDescription) => void) | undefined;
  onProgress?: ((done: ImportProgress) => void) | undefined;
  /** Called while another import stores its rows. */
  onWait?: (() => void) | undefined;
  /** Stops the import between two blocks. The caller must also abort `input`. */
  signal?: AbortSignal | undefined;
}

export interface ImportResult {
  taskId: string;
  jobs: number;
  /** The number of new records. `reusedEmails` counts records that already existed with the same id and content. */
  emails: number;
  reusedEmails: number;
  badRows: number;
  ignoredColumns: string[];
  /** Notes for the user that arose while the rows were read, such as the encoding. */
  notes: string[];
}

/** Longer chunks do not make COPY faster and need more memory. */
const COPY_CHUNK_CHARS = 65_536;

/** A batch takes about half a second, so that progress is visible and Ctrl-C takes effect soon. */
const STORE_BATCH_LINES = 20_000;

const ID_FAULT_REASONS: Readonly<Record<IdFault, string>> = {
  repeated: "is already the id of a different row above",
  taken: "is already the id of a different record in the database",
};

/** Imports the whole file as one task, or nothing. Throws an ImportError, or the error of the database or of `input`. */
export async function importBatch(sql: Sql, options: ImportOptions): Promise<ImportResult> {
  const { fileName } = options;
  const file = await readRowFile(options.input, options);
  options.onRecognized?.(file.description);
  const badRows = collectBadRows(file, options);
  const source = options.source ?? (fileName === "-" ? "standard input" : basename(fileName));

  return await sql.begin(async (tx) => {
    await setUpTransaction(tx);
    const taskId = await insertTask(tx, { id: options.taskId ?? null, userId: options.userId, source });
    if (taskId === null) throw new ImportError({ fileName, reason: `the task ${options.taskId} already exists` });

    await createStagingTable(tx);
    const staged = await stageRows(await copyIntoStaging(tx), { file, badRows, options });
    const noGoodRows = () => {
      const reason =
        badRows.count === 0 ? "the file contains no rows" : "nothing was imported, because every row is bad";
      return new ImportError({ fileName, reason });
    };
    if (staged.rows === 0) throw noGoodRows();

    await prepareStaging(tx);
    if (staged.rowsWithOwnId > 0) {
      await lockStoring(tx, options);
      const line = await markRepeatedIds(tx);
      if (line !== null && options.onBadRow === "stop") await badRows.add({ line, raw: "" }, idFault("repeated"));
    }
    let jobs = 0;
    let emails = 0;
    let reusedEmails = 0;
    for (let first = 1; first <= staged.lastLine; first += STORE_BATCH_LINES) {
      options.signal?.throwIfAborted();
      const lines = { first, end: first + STORE_BATCH_LINES };
      const hasOwnIds = staged.rowsWithOwnId > 0;
      const stored = await storeLines(tx, { taskId, lines, hasOwnIds });
      emails += stored.emails;
      reusedEmails += stored.reusedEmails;
      jobs += stored.jobs;
      if (hasOwnIds) {
        for (const { line, raw, fault } of await findIdFaults(tx, lines)) {
          await badRows.add({ line, raw: raw ?? "" }, idFault(fault));
        }
      }
      options.onProgress?.({ phase: "storing", rows: jobs + badRows.count, bytes: staged.bytesRead });
    }
    if (jobs === 0) throw noGoodRows();
    if (options.onBadRow !== "stop") await options.onBadRow.flush?.();
    const ignoredColumns = [...file.ignoredColumns];
    return { taskId, jobs, emails, reusedEmails, badRows: badRows.count, ignoredColumns, notes: file.lateNotes() };
  });
}

interface RowSource {
  readonly file: RowFile;
  readonly badRows: BadRows;
  readonly options: ImportOptions;
}

/** Copies the good rows to the staging table in chunks, so that the file is never held in memory completely. */
async function stageRows(copy: StagingCopy, { file, badRows, options }: RowSource) {
  const staged = { rows: 0, rowsWithOwnId: 0, lastLine: 0, bytesRead: 0 };
  const keepsRaw = options.onBadRow !== "stop";
  let chunk = "";
  try {
    for await (const { rows, bytesRead } of file.blocks) {
      options.signal?.throwIfAborted();
      for (const fileRow of rows) {
        const { raw, cells, fault } = fileRow;
        const row = fault ?? parseResultRow(cells);
        if (isRowFault(row)) {
          await badRows.add(fileRow, row);
          continue;
        }
        // Several results of a JSON array may be on one line, but each needs a number of its own.
        const line = Math.max(fileRow.line, staged.lastLine + 1);
        const hasResult = row.status !== null;
        const hasOwnId = hasResult && row.id !== null;
        row.id = hasResult ? (row.id ?? uuidv7()) : null;
        chunk += copyLine([
          line,
          keepsRaw && hasOwnId ? raw : null,
          hasOwnId ? "t" : "f",
          ...COLUMN_NAMES.map((column) => row[column]),
        ]);
        if (chunk.length >= COPY_CHUNK_CHARS) {
          await copy.write(Buffer.from(chunk));
          chunk = "";
        }
        staged.rows++;
        if (hasOwnId) staged.rowsWithOwnId++;
        staged.lastLine = line;
      }
      staged.bytesRead = bytesRead;
      options.onProgress?.({ phase: "reading", rows: staged.rows + badRows.count, bytes: bytesRead });
    }
    if (chunk !== "") await copy.write(Buffer.from(chunk));
    await copy.end();
  } catch (error) {
    await copy.abort();
    throw error;
  }
  return staged;
}

type BadRows = ReturnType<typeof collectBadRows>;

function collectBadRows(file: RowFile, options: ImportOptions) {
  const { onBadRow, fileName } = options;
  return {
    count: 0,
    async add(row: Pick<FileRow, "line" | "raw" | "result">, fault: RowFault): Promise<void> {
      const named = faultInFile(file, row, fault);
      if (onBadRow === "stop") throw new ImportError({ fileName, line: row.line, ...named });
      const header = this.count === 0 ? badRowHeader(file) : null;
      if (header !== null) await onBadRow.write(header, file.format);
      await onBadRow.write(badRowLine(file, row, named), file.format);
      this.count++;
    },
  };
}

function idFault(fault: IdFault): RowFault {
  return { column: "id", reason: ID_FAULT_REASONS[fault] };
}
