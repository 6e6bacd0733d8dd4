import type { Audit } from "../auth/audit.ts";
import type { Viewer } from "../auth/viewer.ts";
import type { JobRecord } from "../job-search/job-record.ts";
import type { JobKey, JobLoader } from "./job.loader.ts";

/** The parts of the request context that this file needs. */
interface Context {
  readonly jobById: JobLoader;
  readonly viewer: Viewer;
  readonly audit: Audit;
}

/** Returns null for a job that the viewer may not read. The caller audits a denied read. */
export async function findJob({ jobById, viewer, audit }: Context, key: JobKey): Promise<JobRecord | null> {
  const job = await jobById.load(key);
  if (job !== null && viewer.isAdmin) audit("admin_read", job.taskId);
  return job;
}
