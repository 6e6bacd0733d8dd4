import DataLoader from "dataloader";
import type { Viewer } from "../auth/viewer.ts";
import { failRequest } from "../errors.ts";
import type { JobRecord } from "../job-search/job-record.ts";
import type { Deadline } from "../values/deadline.ts";
import type { JobQueries } from "./job.queries.ts";

export interface JobKey {
  readonly id: string;
  /** The task that the job must belong to, or null for a job of any task. */
  readonly taskId: string | null;
}

export type JobLoader = DataLoader<JobKey, JobRecord | null, string>;

/** Each request has its own loader. It loads null for a job that is missing, deleted or of a task that the viewer may not read. */
export function createJobLoader(queries: JobQueries, viewer: Viewer, deadline: Deadline): JobLoader {
  return new DataLoader(
    async (keys) => {
      const ids = [...new Set(keys.map(({ id }) => id))];
      const found = await queries
        .findVisibleJobsByIds({ viewer, ids, taskId: commonTaskOf(keys), deadline })
        .catch(failRequest);
      const byId = new Map(found.map((job) => [job.id, job]));
      return keys.map(({ id, taskId }) => {
        const job = byId.get(id);
        return job === undefined || (taskId !== null && job.taskId !== taskId) ? null : job;
      });
    },
    { cacheKeyFn: ({ id, taskId }) => `${id} ${taskId}` },
  );
}

/** The task that every key names, or null if a key names another task or none. */
function commonTaskOf(keys: readonly JobKey[]): string | null {
  const [taskId = null, ...others] = new Set(keys.map((key) => key.taskId));
  return others.length === 0 ? taskId : null;
}
