import type { addressQueries, JobsInTask } from "./address.queries.ts";

/** Bounds the locks and the time of one transaction. */
const BATCH = 1000;

export interface AddressRows {
  readonly jobs: readonly JobsInTask[];
  /** The ids of the email records. */
  readonly records: readonly string[];
}

export interface DeletedRows {
  tasks: number;
  jobs: number;
  records: number;
}

interface Deletion {
  readonly rows: AddressRows;
  readonly signal: AbortSignal;
  /** Counts what is deleted, also if a statement fails. */
  readonly deleted: DeletedRows;
}

type Queries = ReturnType<typeof addressQueries>;

export async function findAddress(queries: Queries): Promise<AddressRows> {
  return { jobs: await queries.findJobs(), records: await queries.findRecords() };
}

/** Deletes the jobs task by task, and then the email records. A deletion that was stopped continues when it is run again. */
export async function deleteAddress(queries: Queries, { rows, signal, deleted }: Deletion): Promise<void> {
  for (const { taskId, ids } of rows.jobs) {
    for (const batch of batchesOf(ids)) {
      if (signal.aborted) return;
      deleted.jobs += await queries.deleteJobs(taskId, batch);
    }
    deleted.tasks += 1;
  }
  for (const batch of batchesOf(rows.records)) {
    if (signal.aborted) return;
    deleted.records += await queries.deleteRecords(batch);
  }
}

function batchesOf(ids: readonly string[]): (readonly string[])[] {
  return Array.from({ length: Math.ceil(ids.length / BATCH) }, (_, index) =>
    ids.slice(index * BATCH, (index + 1) * BATCH),
  );
}
