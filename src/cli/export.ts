import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { parseArgs } from "node:util";
import type { FieldFault } from "../errors.ts";
import { createBackpressureWriter, ReaderGone } from "../export/backpressure.ts";
import { jobExportQueries } from "../export/export.queries.ts";
import { readFields } from "../export/export-fields.ts";
import { EXPORT_FORMATS, exportJobs, type JobExport, type JobExportRequest } from "../export/export-jobs.ts";
import { createExportSlots } from "../export/export-slots.ts";
import { FILTER_PARAMETERS, readFilterParameters } from "../job-search/job-filter.ts";
import { pluralize } from "../values/pluralize.ts";
import { openProgress } from "./progress.ts";
import { requireTaskId, runCommand, STOPPED, stopSignal, UsageError } from "./run-command.ts";
import { withDatabase } from "./with-database.ts";

const USAGE = `Usage:
  npm run --silent export -- TASK [--format ndjson|csv] [--out FILE] [--fields NAMES] [--bom] [filters]

Exports all jobs of a task from one snapshot, newest first.

  TASK             the id of the task
  --format FORMAT  ndjson or csv; the default follows the name of FILE, and is ndjson otherwise
  --out FILE       the file to write, which appears only when it is complete; the default is standard output
  --fields NAMES   exports only these fields; separate the names with commas
  --bom            starts a CSV file with a byte order mark, so that Excel reads it as UTF-8
  filters          ${FILTER_PARAMETERS.map(optionOf)
    .join(" ")
    .replace(/(.{1,90})( |$)/g, "$1\n                   ")
    .trim()}
                   These work as on the REST endpoint: --status failed --q @example.com

The database is DATABASE_URL, or the embedded database. The formats are described in docs/exporting.md.`;

/** The file contains email addresses, so only its owner may read it, whatever the umask is. */
const FILE_MODE = 0o600;

/** A user who can run commands on the database can already read all of it. */
const VIEWER = { userId: "00000000-0000-0000-0000-000000000000", isAdmin: true };

type Command = Omit<JobExportRequest, "signal"> & { readonly out: string | undefined };

function optionOf(parameter: string): string {
  return `--${parameter.replaceAll("_", "-")}`;
}

function readCommand(): Command {
  const filters = FILTER_PARAMETERS.map(
    (name) => [optionOf(name).slice(2), { type: "string", multiple: true }] as const,
  );
  const { values: given, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      ...Object.fromEntries(filters),
      format: { type: "string" },
      out: { type: "string" },
      fields: { type: "string", multiple: true },
      bom: { type: "boolean", default: false },
    },
  });
  const values: Readonly<Record<string, unknown>> = given;
  const [argument, ...more] = positionals;
  const taskId = requireTaskId(argument);
  if (more.length > 0) throw new UsageError("only one TASK can be exported at a time");
  const out = values.out as string | undefined;
  const formatOfName = out !== undefined && /\.csv$/i.test(out) ? "csv" : "ndjson";
  const format = EXPORT_FORMATS.find((known) => known === (values.format ?? formatOfName));
  if (format === undefined) throw new UsageError(`--format must be ${EXPORT_FORMATS.join(" or ")}`);

  const hasBom = values.bom === true;
  if (hasBom && format === "ndjson")
    throw new UsageError("--bom needs --format csv, because JSON has no byte order mark");

  const query = new URLSearchParams();
  for (const name of FILTER_PARAMETERS) {
    for (const value of (values[optionOf(name).slice(2)] as string[] | undefined) ?? []) query.append(name, value);
  }
  const { filter, faults } = readFilterParameters(query);
  const { fields, faults: fieldFaults } = readFields((values.fields as string[] | undefined) ?? []);
  const messages = [...faults, ...fieldFaults].map(({ field, reason }: FieldFault) => `${optionOf(field)} ${reason}`);
  if (messages.length > 0) throw new UsageError(messages.join("\n"));
  return { viewer: VIEWER, taskId: taskId.toLowerCase(), filter, format, fields, hasBom, out };
}

runCommand({
  script: "export",
  usage: USAGE,
  async run() {
    const command = readCommand();
    const signal = stopSignal();
    try {
      const jobs = await runExport(command, signal);
      console.error(`Exported ${pluralize(jobs, "job")}.`);
    } catch (error) {
      // In `export … | head` the reader closes the pipe once it has enough.
      if (error instanceof ReaderGone && command.out === undefined) return;
      if (!signal.aborted) throw error;
      console.error(command.out === undefined ? "Stopped." : "Stopped: nothing was written.");
      process.exitCode = STOPPED;
    }
  },
});

async function runExport(command: Command, signal: AbortSignal): Promise<number> {
  return await withDatabase(async ({ exports }) => {
    const queries = jobExportQueries(exports, createExportSlots(1));
    return await exportJobs(queries, { ...command, signal }, async (jobs) => {
      const { out } = command;
      return out === undefined ? writeJobs(process.stdout, jobs) : writeFile(out, (file) => writeJobs(file, jobs));
    });
  });
}

async function writeJobs(output: Writable, { chunks, count }: JobExport): Promise<number> {
  // On a terminal, progress lines would appear between the lines of the export.
  const isShown = !(output === process.stdout && process.stdout.isTTY);
  const progress = isShown ? openProgress(process.stderr, await count()) : null;
  const write = createBackpressureWriter(output, null);
  let rows = 0;
  let bytes = 0;
  try {
    for await (const { text, jobs } of chunks()) {
      await write(text);
      rows += jobs;
      bytes += Buffer.byteLength(text);
      progress?.update({ phase: "exporting", rows, bytes });
    }
    return rows;
  } finally {
    progress?.close();
  }
}

/** The file that a link leads to. Throws for a directory or a device such as /dev/null, because the export would replace it. */
async function findTarget(path: string): Promise<string> {
  const stats = await stat(path).catch(() => null);
  if (stats === null) return path;
  if (!stats.isFile())
    throw new Error(`${path}: is not a regular file; without --out the export is written to standard output`);
  return await realpath(path);
}

/** Writes to a temporary file in the same directory and renames it, so that the file at `out` is always complete. */
async function writeFile<T>(out: string, write: (file: Writable) => Promise<T>): Promise<T> {
  const path = await findTarget(out);
  const temporaryPath = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  const file = createWriteStream(temporaryPath, { flags: "wx", mode: FILE_MODE, flush: true });
  try {
    await once(file, "open").catch(({ code }: NodeJS.ErrnoException) => {
      throw new Error(`${out}: cannot be written (${code})`);
    });
    const result = await write(file);
    file.end();
    await finished(file);
    await rename(temporaryPath, path);
    return result;
  } catch (error) {
    file.destroy();
    await rm(temporaryPath, { force: true });
    throw error;
  }
}
