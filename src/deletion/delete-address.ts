import type { Database } from "../db/client.ts";
import { deleteGivingWay, type Waiting } from "../db/delete-giving-way.ts";
import { addressQueries, deleteJobsById, deleteRecordsById, type JobsInTask } from "./address.queries.ts";

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

interface Deletion extends Waiting {
  readonly rows: AddressRows;
  /** Counts what is deleted, also if a statement fails. */
  readonly deleted: DeletedRows;
}

export async function findAddress(db: Database, address: string): Promise<AddressRows> {
  const queries = addressQueries(db, address);
  return { jobs: await queries.findJobs(), records: await queries.findRecords() };
}

/** Deletes the jobs task by task, and then the email records. A deletion that was stopped continues when it is run again. */
export async function deleteAddress(db: Database, { rows, deleted, ...waiting }: Deletion): Promise<void> {
  for (const { taskId, ids } of rows.jobs) {
    const before = deleted.jobs;
    for (const batch of batchesOf(ids)) {
      const jobs = await deleteGivingWay(db, waiting, (tx) => deleteJobsById(tx, taskId, batch));
      if (jobs === null) return;
      deleted.jobs += jobs;
    }
    if (deleted.jobs > before) deleted.tasks += 1;
  }
  for (const batch of batchesOf(rows.records)) {
    const records = await deleteGivingWay(db, waiting, (tx) => deleteRecordsById(tx, batch));
    if (records === null) return;
    deleted.records += records;
  }
}

function batchesOf(ids: readonly string[]): (readonly string[])[] {
  return Array.from({ length: Math.ceil(ids.length / BATCH) }, (_, index) =>
    ids.slice(index * BATCH, (index + 1) * BATCH),
  );
}
