import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { addAbortSignal } from "node:stream";
import { parseArgs } from "node:util";
import { openBadRowFile } from "../import/bad-row-file.ts";
import { type ImportResult, importBatch } from "../import/import-batch.ts";
import { ImportError } from "../import/import-error.ts";
import type { FileFormat } from "../import/read-rows.ts";
import { printable } from "../values/printable.ts";
import { MAX_TEXT_BYTES } from "../values/text-limit.ts";
import { isUuid } from "../values/uuid.ts";
import { openProgress } from "./progress.ts";
import { runCommand, STOPPED, stopSignal, UsageError } from "./run-command.ts";
import { withDatabase } from "./with-database.ts";

const USAGE = `Usage:
  npm run import -- FILE --user UUID [--skip-bad] [--format csv|ndjson] [--source TEXT]

Makes a task of a verifier's result file: all of it, or nothing.

  FILE             CSV with a header row, or one JSON object per line; - reads standard input
  --user UUID      whose task it becomes
  --skip-bad       keep the good rows and write the bad ones, with their reasons, to a file beside FILE
  --format FORMAT  csv or ndjson, where neither the file's name nor its first character tells
  --source TEXT    the task's source; without it the file's name

The database is DATABASE_URL, or the embedded one. The columns are described in docs/importing.md.`;

interface Command {
  fileName: string;
  userId: string;
  skipBad: boolean;
  format: FileFormat | undefined;
  source: string | undefined;
}

function readCommand(): Command {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      user: { type: "string" },
      "skip-bad": { type: "boolean", default: false },
      format: { type: "string" },
      source: { type: "string" },
    },
  });
  const [fileName, ...more] = positionals;
  if (fileName === undefined) throw new UsageError("which FILE?");
  if (more.length > 0) throw new UsageError("one FILE at a time");
  if (values.user === undefined) throw new UsageError("--user UUID is missing");
  if (!isUuid(values.user)) throw new UsageError("--user must be a UUID");
  const { format } = values;
  if (format !== undefined && format !== "csv" && format !== "ndjson") {
    throw new UsageError("--format must be csv or ndjson");
  }
  if (Buffer.byteLength(values.source ?? "") > MAX_TEXT_BYTES) {
    throw new UsageError(`--source must have at most ${MAX_TEXT_BYTES} bytes`);
  }
  return { fileName, userId: values.user, skipBad: values["skip-bad"], format, source: values.source };
}

runCommand(USAGE, async () => {
  const command = readCommand();
  const signal = stopSignal();
  try {
    await runImport(command, signal);
  } catch (error) {
    // On a terminal Ctrl-C reaches the embedded PostgreSQL too, so that any error may be its consequence.
    if (!signal.aborted) throw error;
    console.error("Stopped: nothing was imported.");
    process.exitCode = STOPPED;
  }
});

async function runImport(command: Command, signal: AbortSignal): Promise<void> {
  const { fileName, userId, format, source } = command;
  const totalBytes = fileName === "-" ? null : await sizeOf(fileName);
  const badRows = command.skipBad ? openBadRowFile(fileName) : null;
  const startedMs = performance.now();
  try {
    const result = await withDatabase(async ({ sql }) => {
      const progress = openProgress(process.stderr, totalBytes);
      try {
        // Not opened earlier: an error of a stream that nobody reads yet ends the process.
        const input = fileName === "-" ? addAbortSignal(signal, process.stdin) : createReadStream(fileName, { signal });
        const onBadRow = badRows?.sink ?? "stop";
        const onProgress = progress.update;
        return await importBatch(sql, { input, fileName, format, userId, source, onBadRow, onProgress, signal });
      } finally {
        progress.close();
      }
    });
    printResult(result, badRows?.path() ?? null, (performance.now() - startedMs) / 1000);
  } catch (error) {
    const path = badRows?.path() ?? null;
    if (path !== null && !signal.aborted) console.error(`The bad rows and their reasons: ${printable(path)}`);
    throw error;
  } finally {
    badRows?.close();
  }
}

async function sizeOf(fileName: string): Promise<number> {
  const found = await stat(fileName).catch((error: NodeJS.ErrnoException) => {
    throw new ImportError({ fileName, reason: `cannot be read (${error.code})` });
  });
  if (found.isDirectory()) throw new ImportError({ fileName, reason: "is a directory" });
  return found.size;
}

function printResult(result: ImportResult, badRowPath: string | null, seconds: number): void {
  const { taskId, jobs, emails, reusedEmails, badRows, ignoredColumns } = result;
  const count = (rows: number) => rows.toLocaleString("en");
  if (ignoredColumns.length > 0) console.error(`ignored columns: ${ignoredColumns.join(", ")}`);
  console.log(`rows read      ${count(jobs + badRows)}`);
  console.log(`jobs           ${count(jobs)}`);
  console.log(`email records  ${count(emails)}${reusedEmails > 0 ? `, and ${count(reusedEmails)} that existed` : ""}`);
  console.log(`bad rows       ${count(badRows)}${badRowPath === null ? "" : `, in ${printable(badRowPath)}`}`);
  console.log(`seconds        ${seconds.toFixed(1)}`);
  console.log(`task           ${taskId}`);
  // Print only the path, because the command does not know the address of the server.
  console.log(`read it at     GET /api/v1/tasks/${taskId}/jobs`);
}
