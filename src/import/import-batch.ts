import { randomUUID } from "node:crypto";
import { basename } from "node:path";
import type { Sql } from "../db/client.ts";
import { badRowHeader, badRowLine } from "./bad-row.ts";
import { copyLine } from "./copy-text.ts";
import {
  copyIntoStaging,
  createStagingTable,
  findIdFaults,
  type IdFault,
  insertEmails,
  insertJobs,
  insertTask,
  markRepeatedIds,
  markTakenIds,
  prepareStaging,
  setUpTransaction,
} from "./import.queries.ts";
import { ImportError } from "./import-error.ts";
import { type FileFormat, type RowFile, readRowFile } from "./read-rows.ts";
import { COLUMN_NAMES, isRowFault, parseResultRow, type RowFault } from "./result-row.ts";

export interface ImportProgress {
  /** First every row is read and sent to the database, then they are stored from there. */
  phase: "reading" | "storing";
  /** How many rows this phase has behind it. */
  rows: number;
  bytes: number;
}

/** Gets whole lines without a line feed, in CSV the header first. Called for the first time at the first bad row. */
export interface BadRowSink {
  write(line: string, format: FileFormat): void | Promise<void>;
}

export interface ImportOptions {
  input: AsyncIterable<Uint8Array>;
  /** For messages, and for the format where none is given; "-" is standard input. */
  fileName: string;
  format?: FileFormat | undefined;
  userId: string | null;
  taskId?: string | undefined;
  /** The file's base name when absent. */
  source?: string | undefined;
  onBadRow: "stop" | BadRowSink;
  onProgress?: ((done: ImportProgress) => void) | undefined;
  /** Seen between two blocks; whoever made `input` ends a wait for it. */
  signal?: AbortSignal | undefined;
}

export interface ImportResult {
  taskId: string;
  jobs: number;
  /** New records; `reusedEmails` existed already, with the same id and the same content. */
  emails: number;
  reusedEmails: number;
  badRows: number;
  ignoredColumns: string[];
}

/** COPY gains nothing from longer chunks, and the memory for them is held twice. */
const COPY_CHUNK_CHARS = 65_536;

/** About half a second each: often enough for a progress bar and for Ctrl-C. */
const STORE_BATCH_LINES = 20_000;

const ID_FAULT_REASONS: Readonly<Record<IdFault, string>> = {
  repeated: "is the id of a different row before it",
  taken: "already belongs to a different record",
};

/** All of the file becomes one task, or nothing does: throws an ImportError, or what the database or `input` threw. */
export async function importBatch(sql: Sql, options: ImportOptions): Promise<ImportResult> {
  const { fileName } = options;
  const file = await readRowFile(options.input, fileName, options.format);
  const badRows = collectBadRows(file, options);
  const source = options.source ?? (fileName === "-" ? "standard input" : basename(fileName));

  return await sql.begin(async (tx) => {
    await setUpTransaction(tx);
    const taskId = await insertTask(tx, { id: options.taskId ?? null, userId: options.userId, source });
    if (taskId === null) throw new ImportError({ fileName, reason: `there is a task ${options.taskId} already` });

    await createStagingTable(tx);
    const staged = await stageRows(await copyIntoStaging(tx), file, badRows, options);
    const badRowsOnly = () => {
      const reason = badRows.count === 0 ? "there are no rows in it" : "every row is bad, nothing was imported";
      return new ImportError({ fileName, reason });
    };
    if (staged.rows === 0) throw badRowsOnly();

    await prepareStaging(tx);
    if (staged.rowsWithOwnId > 0) {
      const line = await markRepeatedIds(tx);
      if (line !== null && options.onBadRow === "stop") await badRows.add({ line, raw: "" }, idFault("repeated"));
    }
    let jobs = 0;
    let emails = 0;
    let reusedEmails = 0;
    for (let first = 1; first <= staged.lastLine; first += STORE_BATCH_LINES) {
      options.signal?.throwIfAborted();
      const lines = { first, end: first + STORE_BATCH_LINES };
      const { inserted, existed } = await insertEmails(tx, lines);
      emails += inserted;
      if (staged.rowsWithOwnId > 0) reusedEmails += existed - (await markTakenIds(tx, lines));
      if (staged.rowsWithOwnId > 0) {
        for (const { line, raw, fault } of await findIdFaults(tx, lines)) {
          await badRows.add({ line, raw: raw ?? "" }, idFault(fault));
        }
      }
      jobs += await insertJobs(tx, taskId, lines);
      options.onProgress?.({ phase: "storing", rows: jobs + badRows.count, bytes: staged.bytesRead });
    }
    if (jobs === 0) throw badRowsOnly();
    return {
      taskId,
      jobs,
      emails,
      reusedEmails,
      badRows: badRows.count,
      ignoredColumns: [...file.ignoredColumns],
    };
  });
}

/** Sends the good rows to the staging table, in chunks, so that neither side ever holds the file. */
async function stageRows(
  copy: Awaited<ReturnType<typeof copyIntoStaging>>,
  file: RowFile,
  badRows: BadRows,
  options: ImportOptions,
) {
  const staged = { rows: 0, rowsWithOwnId: 0, lastLine: 0, bytesRead: 0 };
  const keepsRaw = options.onBadRow !== "stop";
  let chunk = "";
  try {
    for await (const { rows, bytesRead } of file.blocks) {
      options.signal?.throwIfAborted();
      for (const { line, raw, cells, fault } of rows) {
        const row = fault ?? parseResultRow(cells);
        if (isRowFault(row)) {
          await badRows.add({ line, raw }, row);
          continue;
        }
        const hasResult = row.status !== null;
        const hasOwnId = hasResult && row.id !== null;
        row.id = hasResult ? (row.id ?? randomUUID()) : null;
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
    async add(row: { line: number; raw: string }, fault: RowFault): Promise<void> {
      if (onBadRow === "stop") throw new ImportError({ fileName, line: row.line, ...fault });
      const header = this.count === 0 ? badRowHeader(file.header) : null;
      if (header !== null) await onBadRow.write(header, file.format);
      await onBadRow.write(badRowLine(file.format, row, fault), file.format);
      this.count++;
    },
  };
}

function idFault(fault: IdFault): RowFault {
  return { column: "id", reason: ID_FAULT_REASONS[fault] };
}
