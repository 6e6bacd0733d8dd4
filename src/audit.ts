import type { Viewer } from "./auth/viewer.ts";
import type { Log } from "./log.ts";

/** A denied task may be somebody's or nobody's: the server that refuses does not know which. */
type AuditedRead = "denied" | "admin_read";

export type Audit = (read: AuditedRead, taskId: string) => void;

/** Who asked for which task, once a request, in ids: the log is kept longer, and read by more people, than the rows. */
export function openAudit(log: Log, requestId: string, { userId }: Viewer): Audit {
  const told = new Set<string>();
  return (read, taskId) => {
    const line = `${read} ${taskId}`;
    if (told.has(line)) return;
    told.add(line);
    log.info({ audit: read, requestId, userId, taskId }, "audit");
  };
}
