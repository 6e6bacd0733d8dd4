import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { addAbortSignal } from "node:stream";
import { parseArgs } from "node:util";
import type { Sql } from "../db/client.ts";
import { readConsistencyToken } from "../db/replicas/read-token.queries.ts";
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

Imports the result file of an email verifier as one new task. Either the whole file is imported or nothing.

  FILE             a CSV file with a header row or a file with one JSON object per line; - reads standard input
  --user UUID      the user who will own the task
  --skip-bad       imports the good rows and writes the bad rows, with their reasons, to a file next to FILE
  --format FORMAT  csv or ndjson; needed only if neither the file name nor the first character shows the format
  --source TEXT    the source of the task; the default is the file name

The database is DATABASE_URL, or the embedded database. The columns are described in docs/importing.md.`;

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
  if (fileName === undefined) throw new UsageError("FILE is missing");
  if (more.length > 0) throw new UsageError("only one FILE can be imported at a time");
  if (values.user === undefined) throw new UsageError("--user is missing");
  if (!isUuid(values.user)) throw new UsageError("--user must be a UUID");
  const { format } = values;
  if (format !== undefined && format !== "csv" && format !== "ndjson") {
    throw new UsageError("--format must be csv or ndjson");
  }
  if (Buffer.byteLength(values.source ?? "") > MAX_TEXT_BYTES) {
    throw new UsageError(`--source must not be longer than ${MAX_TEXT_BYTES} bytes`);
  }
  return { fileName, userId: values.user, skipBad: values["skip-bad"], format, source: values.source };
}

runCommand({
  script: "import",
  usage: USAGE,
  async run() {
    const command = readCommand();
    const signal = stopSignal();
    try {
      await runImport(command, signal);
    } catch (error) {
      // On a terminal, Ctrl-C also stops the embedded PostgreSQL, so any error may be a consequence of the signal.
      if (!signal.aborted) throw error;
      console.error("Stopped: nothing was imported.");
      process.exitCode = STOPPED;
    }
  },
});

async function runImport(command: Command, signal: AbortSignal): Promise<void> {
  const { fileName, userId, format, source } = command;
  const totalBytes = fileName === "-" ? null : await sizeOf(fileName);
  const badRows = command.skipBad ? openBadRowFile(fileName) : null;
  const startedMs = performance.now();
  try {
    const imported = await withDatabase(async ({ sql }) => {
      const progress = openProgress(process.stderr, totalBytes);
      try {
        // Open the input only now, because an error of a stream without a reader would end the process.
        const input = fileName === "-" ? addAbortSignal(signal, process.stdin) : createReadStream(fileName, { signal });
        const onBadRow = badRows?.sink ?? "stop";
        const onProgress = progress.update;
        const result = await importBatch(sql, {
          input,
          fileName,
          format,
          userId,
          source,
          onBadRow,
          onProgress,
          signal,
        });
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

/** The import is already committed, so a server that refuses to name its position is no error. */
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

/** The ids that an export contains: the importer creates new ones, so these columns need no warning. */
const EXPORTED_IDS = ["job_id", "task_id"];

interface ImportDetails {
  readonly badRowPath: string | null;
  readonly token: string | null;
  readonly seconds: number;
}

function printResult(result: ImportResult, { badRowPath, token, seconds }: ImportDetails) {
  const { taskId, jobs, emails, reusedEmails, badRows, ignoredColumns } = result;
  const count = (rows: number) => rows.toLocaleString("en");
  const ignored = ignoredColumns.filter((column) => !EXPORTED_IDS.includes(column));
  if (ignored.length > 0) console.error(`Ignored unknown columns: ${ignored.join(", ")}`);
  if (ignored.length < ignoredColumns.length) console.error("The imported task and jobs have new ids.");
  console.log(`rows read      ${count(jobs + badRows)}`);
  console.log(`jobs           ${count(jobs)}`);
  console.log(
    `email records  ${count(emails)}${reusedEmails > 0 ? `, and ${count(reusedEmails)} that already existed` : ""}`,
  );
  console.log(`bad rows       ${count(badRows)}${badRowPath === null ? "" : `, in ${printable(badRowPath)}`}`);
  console.log(`seconds        ${seconds.toFixed(1)}`);
  console.log(`task           ${taskId}`);
  // Print only the path, because the command does not know the address of the server.
  console.log(`read it at     GET /api/v1/tasks/${taskId}/jobs`);
  if (token !== null) console.log(`token          ${token}`);
}
