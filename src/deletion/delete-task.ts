import type { Database } from "../db/client.ts";
import { deleteGivingWay, type Waiting } from "../db/delete-giving-way.ts";
import { type TaskDeletionQueries, taskDeletionQueries } from "./task-deletion.queries.ts";

/** Bounds the locks and the time of one transaction. */
const BATCH = 2000;

export interface DeletedTaskRows {
  jobs: number;
  records: number;
}

interface Deletion extends Waiting {
  readonly taskId: string;
  /** Counts what is deleted, also if a statement fails. */
  readonly deleted: DeletedTaskRows;
  readonly onProgress: (jobs: number) => void;
}

/**
 * Hides the task, and deletes its jobs in batches, each with the email records to which no other job refers, and then the
 * task. A deletion that was stopped leaves a hidden task, and continues when it is run again.
 */
export async function deleteTask(db: Database, { taskId, deleted, onProgress, ...waiting }: Deletion): Promise<void> {
  const inTransaction = <T>(work: (queries: TaskDeletionQueries) => Promise<T>) =>
    deleteGivingWay(db, waiting, (tx) => work(taskDeletionQueries(tx, taskId)));

  await inTransaction((queries) => queries.hideTask());
  do {
    for (const softDeleted of [false, true]) {
      for (let isLast = false; !isLast; ) {
        const batch = await inTransaction((queries) => deleteBatch(queries, softDeleted));
        if (batch === null) return;
        deleted.jobs += batch.jobs;
        deleted.records += batch.records;
        onProgress(deleted.jobs);
        isLast = batch.isLast;
      }
    }
    // A worker may have added jobs meanwhile.
  } while ((await inTransaction(deleteEmptyTask)) === false);
}

/** Jobs that another deletion has deleted meanwhile count for that one. */
async function deleteBatch(queries: TaskDeletionQueries, softDeleted: boolean) {
  const ids = await queries.findJobs({ limit: BATCH, softDeleted });
  if (ids.length === 0) return { jobs: 0, records: 0, isLast: true };
  const { jobs, recordIds } = await queries.deleteJobs(ids);
  return { jobs, records: await deleteUnusedRecords(queries, recordIds), isLast: false };
}

async function deleteUnusedRecords(queries: TaskDeletionQueries, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0;
  await queries.lockRecords(ids);
  const used = await queries.findUsedRecords(ids);
  const unused = ids.filter((id) => !used.has(id));
  return unused.length === 0 ? 0 : await queries.deleteRecords(unused);
}

/** Returns false if the task has jobs. */
async function deleteEmptyTask(queries: TaskDeletionQueries): Promise<boolean> {
  if (!(await queries.lockTask())) return true;
  if (await queries.hasJobs()) return false;
  await queries.deleteTask();
  return true;
}
