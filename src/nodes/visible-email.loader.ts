import DataLoader from "dataloader";
import type { Viewer } from "../auth/viewer.ts";
import { failRequest } from "../errors.ts";
import type { Deadline } from "../values/deadline.ts";
import type { VisibleEmailQueries } from "./visible-email.queries.ts";

/** Loads the id of a task through which the viewer may read the email, or null if there is none. */
export type TaskOfEmailLoader = DataLoader<string, string | null>;

export function createTaskOfEmailLoader(
  queries: VisibleEmailQueries,
  viewer: Viewer,
  deadline: Deadline,
): TaskOfEmailLoader {
  return new DataLoader(async (ids) => {
    const taskByEmail = await queries.findTasksOfEmails(viewer, ids, deadline).catch(failRequest);
    return ids.map((id) => taskByEmail.get(id) ?? null);
  });
}
