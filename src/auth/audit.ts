import type { EventEmitter } from "node:events";
import type { Log } from "../log.ts";
import type { Viewer } from "./viewer.ts";

/** `denied` covers a task of another user and a task that does not exist: the query does not distinguish the two. */
type AuditedRead = "denied" | "admin_read";

export type Audit = (read: AuditedRead, taskId: string) => void;

/** A document can name 1,500 tasks, so the line contains only the first ids and the total, and stays below 1 KB. */
const MAX_LOGGED_IDS = 10;

export interface AuditedRequest {
  readonly requestId: string;
  readonly viewer: Viewer;
  /** The audit lines are written when this response closes. */
  readonly response: Pick<EventEmitter, "once"> & { readonly closed: boolean };
}

/** Writes one line per request and kind of read. The line contains only ids, because more people can read the log than the database. */
export function createAudit(log: Log, { requestId, viewer, response }: AuditedRequest): Audit {
  const reads = new Map<AuditedRead, Set<string>>();

  function writeLines(): void {
    for (const [audit, taskIds] of reads) {
      const logged = [...taskIds].slice(0, MAX_LOGGED_IDS);
      log.info({ audit, requestId, userId: viewer.userId, count: taskIds.size, taskIds: logged }, "audit");
    }
    reads.clear();
  }

  return (read, taskId) => {
    if (reads.size === 0) {
      // Statements keep running after their client has disconnected, so reads may still be recorded here.
      if (response.closed) setImmediate(writeLines);
      else response.once("close", writeLines);
    }
    const taskIds = reads.get(read) ?? new Set<string>();
    reads.set(read, taskIds.add(taskId));
  };
}
