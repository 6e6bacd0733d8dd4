import type { Audit } from "../auth/audit.ts";
import type { Viewer } from "../auth/viewer.ts";
import type { TaskLoader } from "./task.loader.ts";
import type { TaskRecord } from "./task.queries.ts";

/** The parts of the request context that this file needs. */
interface Context {
  readonly taskById: TaskLoader;
  readonly viewer: Viewer;
  readonly audit: Audit;
}

/** Returns null for a task that the viewer may not read. Every field that takes a task id calls this function, which audits. */
export async function findTask(context: Context, id: string): Promise<TaskRecord | null> {
  const task = await findReadableTask(context, id);
  if (task === null) context.audit("denied", id);
  return task;
}

/** Like `findTask` for an id that may be that of a job or an email, so null is not audited as a denied read. */
export async function findReadableTask({ taskById, viewer, audit }: Context, id: string): Promise<TaskRecord | null> {
  const task = await taskById.load(id);
  if (task !== null && viewer.isAdmin) audit("admin_read", id);
  return task;
}
