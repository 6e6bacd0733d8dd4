import { type Deliverability, deliverabilityOfStatus } from "../../email/deliverability.ts";
import { JOB_STATUSES, type JobStatus } from "../../job-search/job-record.ts";
import { rfc3339OfTimestamptz } from "../../values/rfc3339.ts";

/** The documented counts of results. `roleBased` and `disposableDomainEmails` count addresses with any result. */
export interface VerificationCounts {
  readonly exists: number;
  readonly notExists: number;
  readonly catchall: number;
  readonly invalidSyntax: number;
  readonly unknown: number;
  readonly roleBased: number;
  readonly disposableDomainEmails: number;
}

export interface TaskProgress extends Readonly<Record<JobStatus, number>> {
  readonly total: number;
  /** Counts the jobs that have an email. All counts are zero if emails were not selected. */
  readonly deliverability: Readonly<Record<Deliverability, number>>;
  readonly verification: VerificationCounts;
  /** In the text format of PostgreSQL. Null if there are no jobs. */
  readonly lastUpdatedAt: string | null;
}

export interface TaskProgressGroup extends ProgressGroup {
  readonly taskId: string;
}

/** The number of jobs that have the same job status and the same email status. */
export interface ProgressGroup {
  /** The stored job status, which this release may not know. */
  readonly status: string;
  /** Null for jobs without an email. */
  readonly emailStatus: string | null;
  readonly jobs: number;
  readonly roleBased: number;
  readonly disposable: number;
  readonly lastUpdatedAt: string;
}

/** Maps the email statuses of both generations to the documented counts. `disposable_domain` is counted separately. */
const NAME_BY_STATUS = new Map<string, "exists" | "notExists" | "catchall" | "invalidSyntax" | null>([
  ["exists", "exists"],
  ["valid", "exists"],
  ["not_exists", "notExists"],
  ["invalid", "notExists"],
  ["catchall", "catchall"],
  ["invalid_syntax", "invalidSyntax"],
  ["disposable_domain", null],
]);

export function progressOfGroups(groups: readonly ProgressGroup[]): TaskProgress {
  const byStatus = { pending: 0, processing: 0, completed: 0, failed: 0 };
  const deliverability = { DELIVERABLE: 0, UNDELIVERABLE: 0, RISKY: 0, UNKNOWN: 0 };
  const verification = {
    exists: 0,
    notExists: 0,
    catchall: 0,
    invalidSyntax: 0,
    unknown: 0,
    roleBased: 0,
    disposableDomainEmails: 0,
  };
  let total = 0;
  let lastUpdatedAt: string | null = null;
  for (const group of groups) {
    total += group.jobs;
    const status = JOB_STATUSES.find((known) => known === group.status);
    if (status !== undefined) byStatus[status] += group.jobs;
    verification.roleBased += group.roleBased;
    verification.disposableDomainEmails += group.disposable;
    if (group.emailStatus !== null) {
      deliverability[deliverabilityOfStatus(group.emailStatus)] += group.jobs;
      const name = NAME_BY_STATUS.get(group.emailStatus);
      if (name !== null) verification[name ?? "unknown"] += group.jobs;
    }
    if (lastUpdatedAt === null || isLater(group.lastUpdatedAt, lastUpdatedAt)) lastUpdatedAt = group.lastUpdatedAt;
  }
  return { ...byStatus, total, deliverability, verification, lastUpdatedAt };
}

/** Compares the texts without the `Z`, so that `.5` sorts before `.51`. */
export function isLater(one: string, other: string): boolean {
  return rfc3339OfTimestamptz(one).slice(0, -1) > rfc3339OfTimestamptz(other).slice(0, -1);
}

/** Returns the percentage of completed and failed jobs, rounded down, so that 100 means that all jobs are done. */
export function percentDone({ total, completed, failed }: TaskProgress): number {
  return total === 0 ? 0 : Math.floor(((completed + failed) * 100) / total);
}

/** A job with an unknown status may still change, so it does not count as done. */
export function isComplete({ total, completed, failed }: TaskProgress): boolean {
  return total > 0 && completed + failed === total;
}
