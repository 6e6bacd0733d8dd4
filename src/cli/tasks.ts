import { parseArgs } from "node:util";
import { type DeletedTaskRows, deleteTask } from "../deletion/delete-task.ts";
import { type StoredTask, storedTaskQueries } from "../deletion/stored-task.queries.ts";
import { createLog } from "../log.ts";
import { pluralize } from "../values/pluralize.ts";
import { printable } from "../values/printable.ts";
import { isUuid } from "../values/uuid.ts";
import { printTable } from "./print-table.ts";
import { openProgress } from "./progress.ts";
import {
  DELETION_WAITS,
  readAction,
  reportWaiting,
  requireUserId,
  runCommand,
  STOPPED,
  stopSignal,
  UsageError,
} from "./run-command.ts";
import { withDatabase } from "./with-database.ts";

const MAX_LISTED = 1000;

const USAGE = `Usage:
  npm run tasks -- list [--user UUID] [--deleted] [--limit N]
  npm run tasks -- show TASK
  npm run tasks -- delete TASK --yes

  list         the newest tasks of all users, or of one user
  show         one task with the number of its jobs by status
  delete       deletes a task with all its jobs, and the email records to which no other job refers; this cannot be undone
  --user UUID  lists only the tasks of this user
  --deleted    also lists soft-deleted tasks
  --limit N    how many tasks are listed, 1 to ${MAX_LISTED}; the default is 20
  --dry-run    says what delete would delete, and deletes nothing
  --yes        confirms delete

Delete hides the task at once and then deletes its jobs in batches. If it is stopped, run it again to continue.
The database is DATABASE_URL, or the embedded database.`;

const ACTIONS = {
  list: { takesArgument: false, rule: "list takes only options, such as --user UUID" },
  show: { takesArgument: true, rule: "show needs the ID of one task, as printed by list" },
  delete: { takesArgument: true, rule: "delete needs the ID of one task, as printed by list" },
};

runCommand({
  script: "tasks",
  usage: USAGE,
  async run() {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        user: { type: "string" },
        deleted: { type: "boolean", default: false },
        limit: { type: "string", default: "20" },
        "dry-run": { type: "boolean", default: false },
        yes: { type: "boolean", default: false },
      },
    });
    const { action, argument } = readAction(ACTIONS, positionals);
    if (action === "list") return listTasks(values);
    if (!isUuid(argument)) throw new UsageError(ACTIONS[action].rule);
    if (action === "show") return showTask(argument);
    return removeTask(argument, { isDryRun: values["dry-run"], isConfirmed: values.yes });
  },
});

async function listTasks(options: { user?: string; deleted: boolean; limit: string }): Promise<void> {
  const { user, deleted: includesDeleted } = options;
  const userId = user === undefined ? null : requireUserId(user);
  const limit = /^\d{1,4}$/.test(options.limit) ? Number(options.limit) : 0;
  if (limit < 1 || limit > MAX_LISTED) throw new UsageError(`--limit must be a whole number from 1 to ${MAX_LISTED}`);
  const tasks = await withDatabase(({ db }) => storedTaskQueries(db).list({ userId, includesDeleted, limit }));
  if (tasks.length === 0) {
    console.error("There are no tasks.");
    return;
  }
  const headings = ["ID", "USER", "JOBS", "CREATED", ...(includesDeleted ? ["DELETED"] : []), "SOURCE"];
  const rows = tasks.map((task) => [
    task.id,
    task.userId ?? "none",
    String(task.jobs),
    task.createdAt,
    ...(includesDeleted ? [task.deletedAt ?? "no"] : []),
    withoutAddresses(task.source),
  ]);
  printTable([headings, ...rows]);
}

/** A source is often the name of a file, which may contain an address. */
function withoutAddresses(source: string | null): string {
  return printable(source ?? "").replace(/\S+@\S+/g, "(address)");
}

async function showTask(taskId: string): Promise<void> {
  await withDatabase(async ({ db }) => {
    const queries = storedTaskQueries(db);
    const task = await findTask(queries, taskId);
    const counts = await queries.countByStatus(task.id);
    const lines = [
      ["task", task.id],
      ["user", task.userId ?? "none"],
      ["source", withoutAddresses(task.source)],
      ["created", task.createdAt],
      ["updated", task.updatedAt],
      ["deleted", task.deletedAt ?? "no"],
      ["jobs", task.jobs.toLocaleString("en")],
      ...counts.map(({ status, jobs }) => [`  ${status}`, jobs.toLocaleString("en")]),
    ];
    printTable(lines);
  });
}

async function findTask(queries: ReturnType<typeof storedTaskQueries>, taskId: string): Promise<StoredTask> {
  const task = await queries.find(taskId);
  if (task === null) throw new Error(`There is no task ${taskId}.`);
  return task;
}

async function removeTask(id: string, { isDryRun, isConfirmed }: { isDryRun: boolean; isConfirmed: boolean }) {
  const taskId = id.toLowerCase();
  if (!isDryRun && !isConfirmed)
    throw new UsageError("add --yes to delete the task, or --dry-run to see what would be deleted");
  const signal = stopSignal();
  await withDatabase(async ({ db }) => {
    const queries = storedTaskQueries(db);
    const task = await findTask(queries, taskId);
    if (isDryRun) {
      console.log(`Would delete task ${taskId} with ${pluralize(task.jobs, "job")}. Nothing was deleted.`);
      return;
    }
    const deleted: DeletedTaskRows = { jobs: 0, records: 0 };
    const progress = openProgress(process.stderr, task.jobs);
    let isComplete = false;
    try {
      const onProgress = (rows: number) => progress.update({ phase: "deleting", rows, bytes: 0 });
      await deleteTask(db, {
        taskId,
        signal,
        deleted,
        onProgress,
        onWait: reportWaiting(DELETION_WAITS, progress.say),
      });
      isComplete = !signal.aborted;
    } finally {
      progress.close();
      createLog("info").info({ audit: "task_deleted", taskId, userId: task.userId, ...deleted, isComplete }, "audit");
    }
    console.log(`${pluralize(deleted.jobs, "job")} and ${pluralize(deleted.records, "email record")} deleted.`);
    if (isComplete) console.log(`Deleted task ${taskId}.`);
    else {
      console.error("Stopped: the task is hidden. Run the command again to delete the rest.");
      process.exitCode = STOPPED;
    }
  });
}
