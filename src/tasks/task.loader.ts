import DataLoader from "dataloader";
import type { Viewer } from "../auth/viewer.ts";
import type { Deadline } from "../values/deadline.ts";
import type { TaskQueries } from "./task.queries.ts";
import type { TaskRecord } from "./task.ts";

export type TaskLoader = DataLoader<string, TaskRecord | null>;

/** One per request. Null is what this viewer may not see: missing, deleted or somebody else's. */
export function createTaskLoader(queries: TaskQueries, viewer: Viewer, deadline: Deadline): TaskLoader {
  return new DataLoader(async (ids) => {
    const found = await queries.findVisibleTasksByIds(viewer, ids, deadline);
    const byId = new Map(found.map((task) => [task.id, task]));
    return ids.map((id) => byId.get(id) ?? null);
  });
}
