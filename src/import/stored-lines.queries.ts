import type postgres from "postgres";
import { isLockConflict, isMissingReference } from "../db/faults.ts";
import { insertEmails, insertJobs, type LineRange, markTakenIds } from "./import.queries.ts";

/** A deletion gives way, so a conflict that occurs in every try has another cause. */
const MAX_TRIES = 5;

interface StoredLines {
  readonly emails: number;
  readonly reusedEmails: number;
  readonly jobs: number;
}

interface Lines {
  readonly taskId: string;
  readonly lines: LineRange;
  /** Whether any row of the file has the id of its record. */
  readonly hasOwnIds: boolean;
}

/**
 * Stores the records and jobs of these lines. Runs again if a deletion removes a record that an imported job reuses, so that
 * the import inserts this record.
 */
export async function storeLines(tx: postgres.TransactionSql, stored: Lines): Promise<StoredLines> {
  if (!stored.hasOwnIds) return await store(tx, stored);
  for (let tries = 1; ; tries++) {
    try {
      return await tx.savepoint((savepoint) => store(savepoint, stored));
    } catch (error) {
      const isRetried = isMissingReference(error) || isLockConflict(error);
      if (!isRetried || tries === MAX_TRIES) throw error;
    }
  }
}

async function store(tx: postgres.TransactionSql, { taskId, lines, hasOwnIds }: Lines): Promise<StoredLines> {
  const { inserted, existed } = await insertEmails(tx, lines);
  const taken = hasOwnIds ? await markTakenIds(tx, lines) : 0;
  return { emails: inserted, reusedEmails: existed - taken, jobs: await insertJobs(tx, taskId, lines) };
}
