import type { Audit } from "../auth/audit.ts";
import type { Viewer } from "../auth/viewer.ts";
import type { TaskLoader } from "./task.loader.ts";
import type { TaskRecord } from "./task.ts";

interface Asker {
  readonly taskById: TaskLoader;
  readonly viewer: Viewer;
  readonly audit: Audit;
}

/** Null is what this viewer may not see. However a task is asked for, the log learns who was denied it. */
export async function findTask({ taskById, viewer, audit }: Asker, id: string): Promise<TaskRecord | null> {
  const task = await taskById.load(id);
  if (task === null) audit("denied", id);
  else if (viewer.isAdmin) audit("admin_read", id);
  return task;
}
