import { constants, createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { addAbortSignal } from "node:stream";
import type { Sql } from "../db/client.ts";
import { readConsistencyToken } from "../db/replicas/read-token.queries.ts";
import { openBadRowFile } from "../import/bad-row-file.ts";
import { type ImportOptions, importBatch } from "../import/import-batch.ts";
import { ImportError, UnknownColumnsError } from "../import/import-error.ts";
import { previewRows } from "../import/preview-rows.ts";
import { printable } from "../values/printable.ts";
import { IMPORT_USAGE, type ImportCommand, readImportCommand } from "./import-command.ts";
import { printDescription, printPreview, printResult, suggestMap } from "./import-output.ts";
import { openProgress } from "./progress.ts";
import { reportWaiting, runCommand, STOPPED, stopSignal } from "./run-command.ts";
import { withDatabase } from "./with-database.ts";

const IMPORT_WAITS =
  "Waiting: another import of a file with ids stores its rows. This import continues when that one has ended.";

runCommand({
  script: "import",
  usage: IMPORT_USAGE,
  async run() {
    const command = readImportCommand();
    const signal = stopSignal();
    try {
      await (command.isDryRun ? runPreview(command, signal) : runImport(command, signal));
    } catch (error) {
      if (error instanceof UnknownColumnsError) console.error(suggestMap(error.names, command));
      // On a terminal, Ctrl-C also stops the embedded PostgreSQL, so any error may be a consequence of the signal.
      if (!signal.aborted) throw error;
      console.error("Stopped: nothing was imported.");
      process.exitCode = STOPPED;
    }
  },
});

async function runImport(command: ImportCommand, signal: AbortSignal): Promise<void> {
  const { fileName, userId, source, read } = command;
  const totalBytes = fileName === "-" ? null : await sizeOf(fileName);
  const badRows = command.skipBad ? openBadRowFile(fileName) : null;
  const startedMs = performance.now();
  try {
    const imported = await withDatabase(async ({ sql }) => {
      const progress = openProgress(process.stderr, totalBytes);
      try {
        // Open the input only now, because an error of a stream without a reader would end the process.
        const input = openInput(fileName, signal);
        const onBadRow: ImportOptions["onBadRow"] = badRows?.sink ?? "stop";
        const onWait = reportWaiting(IMPORT_WAITS, progress.say);
        const reports = { onRecognized: printDescription, onProgress: progress.update, onWait };
        const options = { ...read, ...reports, input, userId, source, onBadRow, signal };
        const result = await importBatch(sql, options);
        return { result, token: await readToken(sql) };
      } finally {
        progress.close();
      }
    });
    const seconds = (performance.now() - startedMs) / 1000;
    printResult(imported.result, { badRowPath: badRows?.path() ?? null, token: imported.token, seconds });
  } catch (error) {
    const path = badRows?.path() ?? null;
    if (path !== null && !signal.aborted) console.error(`The bad rows and their reasons are in ${printable(path)}`);
    throw error;
  } finally {
    badRows?.close();
  }
}

async function runPreview({ fileName, read, skipBad }: ImportCommand, signal: AbortSignal): Promise<void> {
  if (fileName !== "-") await sizeOf(fileName);
  const input = openInput(fileName, signal);
  const preview = await previewRows({ ...read, input, signal, onRecognized: printDescription });
  printPreview(preview);
  if (preview.rows + preview.badRows === 0) throw new ImportError({ fileName, reason: "the file contains no rows" });
  const [fault] = preview.firstFaults;
  if (fault !== undefined && !skipBad) throw new ImportError({ fileName, ...fault });
}

function openInput(fileName: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
  if (fileName === "-") return addAbortSignal(signal, process.stdin);
  // An aborted stream would still open a named pipe, and wait for its writer.
  signal.throwIfAborted();
  signal.addEventListener("abort", () => void releaseNamedPipe(fileName).catch(() => {}));
  return createReadStream(fileName, { signal });
}

/** Opening a named pipe waits for its writer, which nothing else interrupts. */
async function releaseNamedPipe(fileName: string): Promise<void> {
  if (!(await stat(fileName)).isFIFO()) return;
  const writer = await open(fileName, constants.O_WRONLY | constants.O_NONBLOCK);
  await writer.close();
}

/** The import is already committed, so a server that refuses to name its position is not an error. */
function readToken(sql: Sql): Promise<string | null> {
  return readConsistencyToken(sql).catch(() => null);
}

async function sizeOf(fileName: string): Promise<number> {
  const found = await stat(fileName).catch((error: NodeJS.ErrnoException) => {
    throw new ImportError({ fileName, reason: `cannot be read (${error.code})` });
  });
  if (found.isDirectory()) throw new ImportError({ fileName, reason: "is a directory" });
  return found.size;
}
