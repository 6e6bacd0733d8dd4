import { type Deliverability, deliverabilityOfStatus } from "../../email/deliverability.ts";
import { JOB_STATUSES, type JobStatus } from "../../job-search/job-record.ts";
import { rfc3339OfTimestamptz } from "../../values/rfc3339.ts";

/** The documented names of results, of both generations of words, and two marks that any of them may carry. */
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
  /** Of the jobs that have an email; all zero where emails were not asked for. */
  readonly deliverability: Readonly<Record<Deliverability, number>>;
  readonly verification: VerificationCounts;
  /** Postgres' text; null for no jobs. */
  readonly lastUpdatedAt: string | null;
}

/** The jobs of a task that are in one state and have one word of the verifier's; a null word has no email. */
export interface ProgressGroup {
  readonly taskId: string;
  /** The stored state. It may be one that only a newer release knows. */
  readonly status: string;
  readonly emailStatus: string | null;
  readonly jobs: number;
  readonly roleBased: number;
  readonly disposable: number;
  readonly lastUpdatedAt: string;
}

/** The later generation folded into the documented names; `disposable_domain` is counted with the marked. */
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
function isLater(one: string, other: string): boolean {
  return rfc3339OfTimestamptz(one).slice(0, -1) > rfc3339OfTimestamptz(other).slice(0, -1);
}

/** In whole percent, rounded down, so that 100 means done: completed and failed of all. A task without jobs is at 0. */
export function percentDone({ total, completed, failed }: TaskProgress): number {
  return total === 0 ? 0 : Math.floor(((completed + failed) * 100) / total);
}

/** A job in a state that this release does not know may still change. */
export function isComplete({ total, completed, failed }: TaskProgress): boolean {
  return total > 0 && completed + failed === total;
}
