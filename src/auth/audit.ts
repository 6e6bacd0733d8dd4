import type { EventEmitter } from "node:events";
import type { Log } from "../log.ts";
import type { Viewer } from "./viewer.ts";

/** `denied` covers what belongs to another user and what does not exist: the query does not distinguish the two. */
type AuditedRead = "denied" | "admin_read";

/** The line has the ids as `taskIds` or `jobIds`. */
type AuditedKind = "task" | "job";

export type Audit = (read: AuditedRead, id: string, kind?: AuditedKind) => void;

interface AuditedIds {
  readonly audit: AuditedRead;
  readonly kind: AuditedKind;
  readonly ids: Set<string>;
}

/** A document can name 1,500 tasks, so the line contains only the first ids and the total, and stays below 1 KB. */
const MAX_LOGGED_IDS = 10;

export interface AuditedRequest {
  readonly requestId: string;
  readonly viewer: Viewer;
  /** The audit lines are written when this response closes. */
  readonly response: Pick<EventEmitter, "once"> & { readonly closed: boolean };
}

/** Writes one line per request, kind of read and kind of id. The line contains only ids, because more people can read the log than the database. */
export function createAudit(log: Log, { requestId, viewer, response }: AuditedRequest): Audit {
  const reads = new Map<string, AuditedIds>();

  function writeLines(): void {
    for (const { audit, kind, ids } of reads.values()) {
      const logged = [...ids].slice(0, MAX_LOGGED_IDS);
      log.info({ audit, requestId, userId: viewer.userId, count: ids.size, [`${kind}Ids`]: logged }, "audit");
    }
    reads.clear();
  }

  return (audit, id, kind = "task") => {
    if (reads.size === 0) {
      // Statements keep running after their client has disconnected, so reads may still be recorded here.
      if (response.closed) setImmediate(writeLines);
      else response.once("close", writeLines);
    }
    const key = `${audit} ${kind}`;
    const read = reads.get(key) ?? { audit, kind, ids: new Set() };
    read.ids.add(id);
    reads.set(key, read);
  };
}
