import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { parseArgs } from "node:util";
import type { FieldFault } from "../errors.ts";
import { jobExportQueries } from "../export/export.queries.ts";
import { readFields } from "../export/export-fields.ts";
import { EXPORT_FORMATS, exportJobs, type JobExport, type JobExportRequest } from "../export/export-jobs.ts";
import { createExportSlots } from "../export/export-slots.ts";
import { openPacedOutput, ReaderGone } from "../export/paced-output.ts";
import { FILTER_PARAMETERS, readFilterParameters } from "../job-search/job-filter.params.ts";
import { isUuid } from "../values/uuid.ts";
import { openProgress } from "./progress.ts";
import { runCommand, STOPPED, stopSignal, UsageError } from "./run-command.ts";
import { withDatabase } from "./with-database.ts";

const USAGE = `Usage:
  npm run --silent export -- TASK [--format ndjson|csv] [--out FILE] [--fields NAMES] [filters]

Writes all jobs of a task, newest first, from one snapshot.

  TASK             the task's id
  --format FORMAT  ndjson or csv; without it what FILE's name ends with, or ndjson
  --out FILE       written when complete, never in part; without it standard output
  --fields NAMES   only these, with commas between them
  filters          ${FILTER_PARAMETERS.map(optionOf)
    .join(" ")
    .replace(/(.{1,90})( |$)/g, "$1\n                   ")
    .trim()}
                   as on the REST endpoint, such as --status failed --q @example.com

The database is DATABASE_URL, or the embedded one. The files are described in docs/exporting.md.`;

/** Addresses are in it: for the owner's eyes, whatever the umask. */
const FILE_MODE = 0o600;

/** Whoever can start a command on the database can read all of it. */
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
    },
  });
  const values: Readonly<Record<string, unknown>> = given;
  const [taskId, ...more] = positionals;
  if (taskId === undefined || !isUuid(taskId)) throw new UsageError("which TASK? Its id is a UUID");
  if (more.length > 0) throw new UsageError("one TASK at a time");
  const out = values.out as string | undefined;
  const wanted = (values.format as string | undefined) ?? (out !== undefined && /\.csv$/i.test(out) ? "csv" : "ndjson");
  const format = EXPORT_FORMATS.find((known) => known === wanted);
  if (format === undefined) throw new UsageError(`--format must be ${EXPORT_FORMATS.join(" or ")}`);

  const query = new URLSearchParams();
  for (const name of FILTER_PARAMETERS) {
    for (const value of (values[optionOf(name).slice(2)] as string[] | undefined) ?? []) query.append(name, value);
  }
  const { filter, faults } = readFilterParameters(query);
  const { fields, faults: fieldFaults } = readFields((values.fields as string[] | undefined) ?? []);
  const said = [...faults, ...fieldFaults].map(({ field, reason }: FieldFault) => `${optionOf(field)} ${reason}`);
  if (said.length > 0) throw new UsageError(said.join("\n"));
  return { viewer: VIEWER, taskId: taskId.toLowerCase(), filter, format, fields, out };
}

runCommand(USAGE, async () => {
  const command = readCommand();
  const signal = stopSignal();
  try {
    const jobs = await runExport(command, signal);
    console.error(`${jobs.toLocaleString("en")} jobs exported.`);
  } catch (error) {
    // `export … | head` has what it wanted.
    if (error instanceof ReaderGone && command.out === undefined) return;
    if (!signal.aborted) throw error;
    console.error(command.out === undefined ? "Stopped." : "Stopped: nothing was written.");
    process.exitCode = STOPPED;
  }
});

async function runExport(command: Command, signal: AbortSignal): Promise<number> {
  return await withDatabase(async ({ exports }) => {
    const asked = { ...command, signal };
    return await exportJobs(jobExportQueries(exports, createExportSlots(1)), asked, async (jobs) => {
      const { out } = command;
      return out === undefined ? writeJobs(process.stdout, jobs) : writeFile(out, (file) => writeJobs(file, jobs));
    });
  });
}

async function writeJobs(output: Writable, { chunks, count }: JobExport): Promise<number> {
  // Its lines would stand between those of the file.
  const isShown = !(output === process.stdout && process.stdout.isTTY);
  const progress = isShown ? openProgress(process.stderr, await count()) : null;
  const write = openPacedOutput(output, null);
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

/** Under another name beside it until it is complete and on the disk: who sees the file sees all of it. */
async function writeFile<T>(path: string, write: (file: Writable) => Promise<T>): Promise<T> {
  const partial = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  const file = createWriteStream(partial, { flags: "wx", mode: FILE_MODE, flush: true });
  try {
    await once(file, "open");
    const result = await write(file);
    file.end();
    await finished(file);
    await rename(partial, path);
    return result;
  } catch (error) {
    file.destroy();
    await rm(partial, { force: true });
    throw error;
  }
}
