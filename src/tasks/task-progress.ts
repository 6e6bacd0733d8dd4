import { type Deliverability, deliverabilityOfStatus } from "../email/email.ts";
import type { JobStatus } from "../task-jobs/task-job.ts";

export interface TaskProgress extends Readonly<Record<JobStatus, number>> {
  readonly total: number;
  /** Of the jobs that have an email. Null where it was not asked for. */
  readonly deliverability: Readonly<Record<Deliverability, number>> | null;
  /** Postgres' text; null for no jobs. */
  readonly lastUpdatedAt: string | null;
}

/** How many jobs are in one state and have one word of the verifier's; null has none. */
export interface ProgressGroup {
  readonly status: JobStatus;
  readonly emailStatus: string | null;
  readonly jobs: number;
  readonly lastUpdatedAt: string;
}

export function progressOfGroups(groups: readonly ProgressGroup[], withDeliverability: boolean): TaskProgress {
  const byStatus = { pending: 0, processing: 0, completed: 0, failed: 0 };
  const byDeliverability = { DELIVERABLE: 0, UNDELIVERABLE: 0, RISKY: 0, UNKNOWN: 0 };
  let lastUpdatedAt: string | null = null;
  for (const { status, emailStatus, jobs, lastUpdatedAt: at } of groups) {
    byStatus[status] += jobs;
    if (emailStatus !== null) byDeliverability[deliverabilityOfStatus(emailStatus)] += jobs;
    if (lastUpdatedAt === null || isLater(at, lastUpdatedAt)) lastUpdatedAt = at;
  }
  return {
    ...byStatus,
    total: Object.values(byStatus).reduce((sum, jobs) => sum + jobs, 0),
    deliverability: withDeliverability ? byDeliverability : null,
    lastUpdatedAt,
  };
}

/** As text: the offset is dropped, and a shorter fraction then sorts before a longer one that continues it. */
function isLater(one: string, other: string): boolean {
  return one.slice(0, -3) > other.slice(0, -3);
}

/** In whole percent, rounded down, so that 100 means done: completed and failed of all. A task without jobs is at 0. */
export function percentDone({ total, completed, failed }: TaskProgress): number {
  return total === 0 ? 0 : Math.floor(((completed + failed) / total) * 100);
}

export function isComplete({ total, pending, processing }: TaskProgress): boolean {
  return total > 0 && pending + processing === 0;
}
