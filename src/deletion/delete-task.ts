import type { StoredJob, storedTaskQueries } from "./stored-task.queries.ts";

/** Bounds the locks and the time of one transaction. */
const BATCH = 2000;

export interface DeletedTaskRows {
  jobs: number;
  records: number;
}

interface Deletion {
  readonly taskId: string;
  readonly signal: AbortSignal;
  /** Counts what is deleted, also if a statement fails. */
  readonly deleted: DeletedTaskRows;
  readonly onProgress: (jobs: number) => void;
}

/**
 * Hides the task, and deletes its jobs in batches with the email records to which no other job refers, and then the task. A
 * deletion that was stopped leaves a hidden task, and continues when it is run again.
 */
export async function deleteTask(
  queries: ReturnType<typeof storedTaskQueries>,
  { taskId, signal, deleted, onProgress }: Deletion,
): Promise<void> {
  await queries.hide(taskId);
  for (const softDeleted of [false, true]) {
    let batch: StoredJob[];
    do {
      if (signal.aborted) return;
      batch = await queries.findJobs(taskId, { limit: BATCH, softDeleted });
      // The records come first, because without their jobs another run could not find them.
      deleted.records += await deleteRecords(batch);
      deleted.jobs += await deleteJobs(batch);
      onProgress(deleted.jobs);
    } while (batch.length > 0);
  }
  await queries.deleteTask(taskId);

  async function deleteRecords(jobs: readonly StoredJob[]): Promise<number> {
    const ids = [...new Set(jobs.map(({ emailId }) => emailId).filter((id) => id !== null))];
    if (ids.length === 0) return 0;
    const used = await queries.findUsedRecords(ids, idsOf(jobs));
    const unused = ids.filter((id) => !used.has(id));
    return unused.length === 0 ? 0 : await queries.deleteRecords(unused);
  }

  async function deleteJobs(jobs: readonly StoredJob[]): Promise<number> {
    return jobs.length === 0 ? 0 : await queries.deleteJobs(taskId, idsOf(jobs));
  }
}

function idsOf(jobs: readonly StoredJob[]): string[] {
  return jobs.map(({ id }) => id);
}
