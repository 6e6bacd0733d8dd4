import { isUtf8 } from "node:buffer";
import { hash } from "node:crypto";
import { parseArgs } from "node:util";
import { type AddressRows, type DeletedRows, deleteAddress, findAddress } from "../deletion/delete-address.ts";
import { foldCase } from "../job-search/case-folding.ts";
import { createLog } from "../log.ts";
import { pluralize } from "../values/pluralize.ts";
import { MAX_TEXT_BYTES } from "../values/text-limit.ts";
import { printTable } from "./print-table.ts";
import {
  DELETION_WAITS,
  readAction,
  reportWaiting,
  runCommand,
  STOPPED,
  stopSignal,
  UsageError,
} from "./run-command.ts";
import { withDatabase } from "./with-database.ts";

const USAGE = `Usage:
  npm run --silent addresses -- find -
  npm run --silent addresses -- delete - --yes

  find       lists the tasks that have jobs of one address, and counts its email records
  delete     deletes all jobs and email records of the address in all tasks of all users; this cannot be undone
  -          reads the address from standard input; it may also be an argument, which the history of the shell and
             the list of processes show to others
  --dry-run  says what delete would delete, and deletes nothing
  --yes      confirms delete

The address is compared as a whole and in any case, as the filters on jobs compare texts, and soft-deleted rows are included.
Delete works in batches. If it is stopped, run it again to continue. Its last line is an audit line, which has a hash of the
address instead of the address. The database is DATABASE_URL, or the embedded database.`;

/** Allows a byte order mark and blanks around the address. */
const MAX_INPUT_BYTES = 2 * MAX_TEXT_BYTES;

const ADDRESS = "needs one address, or - to read the address from standard input";
const ACTIONS = {
  find: { takesArgument: true, rule: `find ${ADDRESS}` },
  delete: { takesArgument: true, rule: `delete ${ADDRESS}` },
};

runCommand({
  script: "addresses",
  usage: USAGE,
  async run() {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { "dry-run": { type: "boolean", default: false }, yes: { type: "boolean", default: false } },
    });
    const { action, argument } = readAction(ACTIONS, positionals);
    if (action === "delete" && !values.yes && !values["dry-run"])
      throw new UsageError("add --yes to delete the address, or --dry-run to see what would be deleted");
    const address = checkedAddress(argument === "-" ? await readStandardInput() : argument);
    if (action === "find") return printAddress(address);
    return values["dry-run"] ? printAddress(address, "Nothing was deleted.") : removeAddress(address);
  },
});

async function readStandardInput(): Promise<string> {
  if (process.stdin.isTTY) console.error("Type the address, and then Enter:");
  let bytes = Buffer.alloc(0);
  for await (const chunk of process.stdin) {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length > MAX_INPUT_BYTES || (process.stdin.isTTY && bytes.includes("\n"))) break;
  }
  // Otherwise an address in another encoding would be reported as an address without data.
  if (bytes.length <= MAX_INPUT_BYTES && !isUtf8(bytes)) throw new UsageError("the address must be encoded in UTF-8");
  return bytes.toString();
}

/** The message never repeats the address. */
function checkedAddress(text: string): string {
  const address = text.replace(/^\ufeff/, "").trim();
  if (address === "") throw new UsageError("the address is empty");
  if (/[\r\n]/.test(address)) throw new UsageError("the address must be a single line");
  if (address.includes("\0") || Buffer.byteLength(address) > MAX_TEXT_BYTES)
    throw new UsageError(`the address must have at most ${MAX_TEXT_BYTES} bytes and no NUL character`);
  return address;
}

/** Upper and lower case have the same hash: usually the SHA-256 of the address in lower case. */
function hashOf(address: string): string {
  return `sha256:${hash("sha256", foldCase(address).folded.toLowerCase())}`;
}

async function printAddress(address: string, note?: string): Promise<void> {
  const rows = await withDatabase(({ db }) => findAddress(db, address));
  if (rows.jobs.length > 0) {
    const tasks = rows.jobs.map(({ taskId, userId, ids }) => [taskId, userId ?? "none", String(ids.length)]);
    printTable([["TASK", "USER", "JOBS"], ...tasks]);
  }
  console.log(describe(rows));
  if (note !== undefined) console.log(note);
}

function describe({ jobs, records }: AddressRows): string {
  const count = jobs.reduce((sum, { ids }) => sum + ids.length, 0);
  const found = [
    pluralize(count, "job"),
    `in ${pluralize(jobs.length, "task")},`,
    pluralize(records.length, "email record"),
  ];
  return `${found.join(" ")}.`;
}

async function removeAddress(address: string): Promise<void> {
  const signal = stopSignal();
  await withDatabase(async ({ db }) => {
    const deleted: DeletedRows = { tasks: 0, jobs: 0, records: 0 };
    let isComplete = false;
    try {
      const rows = await findAddress(db, address);
      console.error(`Found ${describe(rows)}`);
      await deleteAddress(db, { rows, signal, deleted, onWait: reportWaiting(DELETION_WAITS) });
      isComplete = !signal.aborted;
    } finally {
      const audit = { audit: "address_deleted", address: hashOf(address), ...deleted, isComplete };
      createLog("info").info(audit, "audit");
    }
    console.log(
      `Deleted ${pluralize(deleted.jobs, "job")} in ${pluralize(deleted.tasks, "task")} and ${pluralize(deleted.records, "email record")}.`,
    );
    if (isComplete) return;
    console.error("Stopped: run the command again to delete the rest.");
    process.exitCode = STOPPED;
  });
}
