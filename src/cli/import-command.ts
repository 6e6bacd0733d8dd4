import { parseArgs } from "node:util";
import { FORMAT_NAMES } from "../import/formats/choose-format.ts";
import { readColumnMap, readStatusWords } from "../import/formats/map-option.ts";
import type { ReadOptions } from "../import/formats/row-file.ts";
import { DELIMITERS } from "../import/text/dialect.ts";
import { ENCODINGS } from "../import/text/encoding.ts";
import { MAX_TEXT_BYTES } from "../values/text-limit.ts";
import { requireUserId, UsageError } from "./run-command.ts";

export const IMPORT_USAGE = `Usage:
  npm run import -- FILE --user UUID [options]
  npm run import -- FILE --dry-run [options]

Imports the result file of an email verifier as one new task. Either the whole file is imported or nothing.

  FILE              a CSV or JSON file, which may be packed with gzip; - reads standard input
  --user UUID       the user who will own the task
  --dry-run         shows how the first rows would be stored, checks the others, and writes nothing
  --skip-bad        imports the good rows and writes the bad rows, with their reasons, to a file next to FILE
  --format NAME     csv, ndjson, or the format of a verifier, if it is not recognized:
                    ${FORMAT_NAMES.join(", ").replace(/(.{1,75}), /g, "$1,\n                    ")}
  --map LIST        reads any other file: email=Address,status=Result names the column of the file for each of ours
  --status-word W=S stores the status word W as the documented state S; may be given several times
  --delimiter CHAR  the character between two fields, or the word tab, if it is not recognized
  --encoding NAME   ${ENCODINGS.join(", ")}, if it is not recognized
  --source TEXT     the source of the task; the default is the file name

The database is DATABASE_URL, or the embedded database. The formats are described in docs/importing.md.`;

export interface ImportCommand {
  readonly fileName: string;
  /** Empty in a dry run without a user. */
  readonly userId: string;
  readonly isDryRun: boolean;
  readonly skipBad: boolean;
  readonly source: string | undefined;
  readonly read: ReadOptions;
}

export function readImportCommand(): ImportCommand {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      user: { type: "string" },
      "dry-run": { type: "boolean", default: false },
      "skip-bad": { type: "boolean", default: false },
      format: { type: "string" },
      map: { type: "string", multiple: true, default: [] },
      "status-word": { type: "string", multiple: true, default: [] },
      delimiter: { type: "string" },
      encoding: { type: "string" },
      source: { type: "string" },
    },
  });
  const [fileName, ...more] = positionals;
  if (fileName === undefined) throw new UsageError("FILE is missing");
  if (more.length > 0) throw new UsageError("only one FILE can be imported at a time");
  const isDryRun = values["dry-run"];
  if (values.user === undefined && !isDryRun) throw new UsageError("--user is missing");
  const userId = values.user === undefined ? "" : requireUserId(values.user);
  if (Buffer.byteLength(values.source ?? "") > MAX_TEXT_BYTES) {
    throw new UsageError(`--source must not be longer than ${MAX_TEXT_BYTES} bytes`);
  }
  const map = readColumnMap(values.map);
  if (typeof map === "string") throw new UsageError(map);
  const statusWords = readStatusWords(values["status-word"]);
  if (typeof statusWords === "string") throw new UsageError(statusWords);
  const format = readFormat(values.format);
  if (statusWords.size > 0 && format.verifier === "task-jobs") {
    throw new UsageError("--status-word has no effect with --format task-jobs, which stores every word unchanged");
  }
  if (map.size > 0 && format.verifier === "task-jobs") {
    throw new UsageError("--map has no effect with --format task-jobs, whose columns have fixed names");
  }
  return {
    fileName,
    userId,
    isDryRun,
    skipBad: values["skip-bad"],
    source: values.source,
    read: {
      fileName,
      ...format,
      map,
      statusWords,
      delimiter: readDelimiter(values.delimiter),
      encoding: readEncoding(values.encoding),
    },
  };
}

function readFormat(name: string | undefined): Pick<ReadOptions, "format" | "verifier"> {
  if (name === undefined) return {};
  if (name === "csv" || name === "ndjson") return { format: name };
  const verifier = FORMAT_NAMES.find((known) => known === name.toLowerCase());
  if (verifier === undefined) throw new UsageError(`--format must be one of csv, ndjson, ${FORMAT_NAMES.join(", ")}`);
  return { verifier };
}

function readDelimiter(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const delimiter = text === "tab" || text === "\\t" ? "\t" : text;
  if (delimiter.length === 1 && !/["\r\n]/.test(delimiter)) return delimiter;
  throw new UsageError(
    `--delimiter must be one character, such as ${DELIMITERS.filter((one) => one !== "\t").join(" ")}, or tab`,
  );
}

function readEncoding(name: string | undefined): ReadOptions["encoding"] {
  if (name === undefined) return undefined;
  const encoding = ENCODINGS.find((known) => known === name.toLowerCase());
  if (encoding === undefined) throw new UsageError(`--encoding must be one of ${ENCODINGS.join(", ")}`);
  return encoding;
}
