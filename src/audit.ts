import type { EventEmitter } from "node:events";
import type { Viewer } from "./auth/viewer.ts";
import type { Log } from "./log.ts";

/** A denied task may be another user's or may not exist: the server that denies it does not know which. */
type AuditedRead = "denied" | "admin_read";

export type Audit = (read: AuditedRead, taskId: string) => void;

/** A document can name 1,500 tasks; the line stays under 1 KB and says how many there were. */
const MAX_LOGGED_IDS = 10;

export interface AuditedRequest {
  readonly requestId: string;
  readonly viewer: Viewer;
  /** The lines are written when it closes. */
  readonly response: Pick<EventEmitter, "once"> & { readonly closed: boolean };
}

/** One line per request and kind of read, in ids only: more people read the log than the rows, and it is kept longer. */
export function openAudit(log: Log, { requestId, viewer, response }: AuditedRequest): Audit {
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
      // The statements of a client that has left still run to their end.
      if (response.closed) setImmediate(writeLines);
      else response.once("close", writeLines);
    }
    const taskIds = reads.get(read) ?? new Set<string>();
    reads.set(read, taskIds.add(taskId));
  };
}
