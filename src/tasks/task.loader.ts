import DataLoader from "dataloader";
import type { Viewer } from "../auth/viewer.ts";
import { failRequest } from "../errors.ts";
import type { Deadline } from "../values/deadline.ts";
import type { TaskQueries, TaskRecord } from "./task.queries.ts";

export type TaskLoader = DataLoader<string, TaskRecord | null>;

/** Each request has its own loader. It loads null for a task that is missing, deleted or owned by another user. */
export function createTaskLoader(queries: TaskQueries, viewer: Viewer, deadline: Deadline): TaskLoader {
  return new DataLoader(async (ids) => {
    const found = await queries.findVisibleTasksByIds(viewer, ids, deadline).catch(failRequest);
    const byId = new Map(found.map((task) => [task.id, task]));
    return ids.map((id) => byId.get(id) ?? null);
  });
}
