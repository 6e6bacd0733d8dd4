import { guessColumnMap } from "../import/formats/map-option.ts";
import type { FileDescription } from "../import/formats/row-file.ts";
import type { ImportResult } from "../import/import-batch.ts";
import { isColumnName } from "../import/message-text.ts";
import type { Preview } from "../import/preview-rows.ts";
import { COLUMN_NAMES } from "../import/result-row.ts";
import { printable, printableLines } from "../values/printable.ts";
import type { ImportCommand } from "./import-command.ts";

/** The ids that an export contains: the importer creates new ones, so these columns need no warning. */
const EXPORTED_IDS = ["job_id", "task_id"];
/** The columns that the file of bad rows adds. */
const BAD_ROW_COLUMNS = ["import_line", "import_column", "import_reason"];

const count = (rows: number) => rows.toLocaleString("en");

/** Prints to standard error what was recognized, before the first row is read. */
export function printDescription({ title, because, layers, columns, notes }: FileDescription): void {
  const how = because === "its columns" ? "recognized by its columns" : `chosen by ${because}`;
  const lines = [`Format: ${title}, ${how}; ${layers.join(", ")}`];
  const width = Math.max(...columns.map(({ from }) => from.length));
  for (const { from, to } of columns) lines.push(`  ${from.padEnd(width)}  -> ${to}`);
  for (const note of notes) lines.push(`  Note: ${note}`);
  console.error(printableLines(lines.join("\n")));
}

/** The columns of a file in an unknown format, and the command that reads it. */
export function suggestMap(names: readonly string[], { fileName, userId }: ImportCommand): string {
  const user = userId === "" ? "--dry-run" : `--user ${userId}`;
  const command = `npm run import -- ${quoted(fileName)} ${user} --map ${quoted(guessColumnMap(names))}`;
  const columns = names.map((name, index) => `  #${index + 1} ${name === "" ? "(without a name)" : name}`);
  const hint = names.some((name) => name !== "" && !isColumnName(name))
    ? "If the first line is not a header, add one, such as email,status.\n"
    : "";
  const text = `${hint}The columns of the file:\n${columns.join("\n")}\nName the columns, and add others, such as validated_at=DATE:\n  ${command}`;
  return printableLines(text);
}

/** For a POSIX shell. */
function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

interface ImportDetails {
  readonly badRowPath: string | null;
  readonly token: string | null;
  readonly seconds: number;
}

export function printResult(result: ImportResult, { badRowPath, token, seconds }: ImportDetails): void {
  const { taskId, jobs, emails, reusedEmails, badRows } = result;
  printIgnored(result.ignoredColumns, result.notes);
  if (result.ignoredColumns.some((column) => EXPORTED_IDS.includes(column))) {
    console.error("The imported task and jobs have new ids.");
  }
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

/** Addresses never appear on a terminal, so only their domains are shown. */
export function printPreview({ firstRows, firstFaults, ...preview }: Preview): void {
  console.log("Dry run: nothing is written. The first rows would be stored as");
  for (const { line, row } of firstRows) {
    console.log(`line ${line}`);
    for (const column of COLUMN_NAMES) {
      const value = row[column];
      if (value !== null) console.log(`  ${column.padEnd(22)} ${printable(shownValue(column, value))}`);
    }
  }
  printIgnored(preview.ignoredColumns, preview.notes);
  for (const { line, column, reason } of firstFaults) {
    console.error(printable(`line ${line}: ${column === null ? "" : `${column}: `}${reason}`));
  }
  console.log(`rows read      ${count(preview.rows + preview.badRows)}`);
  console.log(`jobs           ${count(preview.rows)}`);
  console.log(`email records  ${count(preview.rowsWithResult)}`);
  console.log(`bad rows       ${count(preview.badRows)}`);
}

function shownValue(column: string, value: string): string {
  if (/^(is|has|needs)_/.test(column)) return value === "t" ? "true" : "false";
  if (column === "email" || column === "email_address") {
    const at = value.lastIndexOf("@");
    return at < 0 ? "…" : `…${value.slice(at)}`;
  }
  return value.replace(/[^\s@,;<>"]+@/g, "…@");
}

function printIgnored(ignoredColumns: readonly string[], notes: readonly string[]): void {
  for (const note of notes) console.error(note);
  const known = [...EXPORTED_IDS, ...BAD_ROW_COLUMNS];
  const ignored = ignoredColumns.filter((column) => column !== "" && !known.includes(column));
  if (ignored.length > 0) console.error(printable(`Ignored unknown columns: ${ignored.join(", ")}`));
}
