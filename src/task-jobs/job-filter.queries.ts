import { type SQL, sql } from "drizzle-orm";
import { textArray } from "../db/text-array.ts";
import { type Deliverability, statusesOfDeliverability } from "../email/email.ts";
import type { JobFilter } from "./job-filter.ts";
import type { JobStatus } from "./task-job.ts";

/** Over `job`, a row of task_email_jobs, and `email`, its record or nulls. */
export function conditionsOf(filter: JobFilter): SQL[] {
  const conditions: SQL[] = [];
  const add = <T>(value: T | null | undefined, condition: (value: T) => SQL) => {
    if (value !== null && value !== undefined) conditions.push(condition(value));
  };
  const hasRecord = sql`(email.id is not null and email.deleted_at is null)`;
  const flag = (column: SQL) => (value: boolean) => sql`${hasRecord} and ${column} = ${value}`;

  add(filter.status, statusIs);
  add(filter.emailStatus, (words) => sql`${hasRecord} and email.status = any(${textArray(words)}::text[])`);
  add(filter.deliverability, (folded) => sql`${hasRecord} and ${deliverabilityIs(folded)}`);
  add(filter.isRoleBased, flag(sql`email.is_role_based`));
  add(filter.isDisposable, flag(sql`email.is_disposable`));
  add(filter.hasMxRecords, flag(sql`email.has_mx_records`));
  add(filter.hasReverseDns, flag(sql`email.has_reverse_dns`));
  add(filter.isCatchall, flag(sql`email.is_catchall`));
  add(filter.needsPhysicalVerify, flag(sql`email.needs_physical_verify`));
  add(filter.domain, (words) => {
    const lower = textArray(words.map((word) => word.toLowerCase()));
    return sql`${hasRecord} and lower(email.domain_name) = any(${lower}::text[])`;
  });
  add(filter.addressContains, (part) => sql`job.email_address ilike ${`%${escapeLike(part)}%`}`);
  add(filter.hasUnknownReason, (has) => sql`${hasRecord} and (email.unknown_reason is not null) = ${has}`);
  add(filter.hasEmail, (has) => sql`${hasRecord} = ${has}`);
  add(filter.createdFrom, (from) => sql`job.created_at >= ${from}::timestamptz`);
  add(filter.createdTo, (to) => sql`job.created_at < ${to}::timestamptz`);
  add(filter.updatedFrom, (from) => sql`job.updated_at >= ${from}::timestamptz`);
  add(filter.updatedTo, (to) => sql`job.updated_at < ${to}::timestamptz`);
  return conditions;
}

/** One state alone as an equality: only then are its jobs in the order of the status index, and nothing is sorted. */
function statusIs(statuses: readonly JobStatus[]): SQL {
  const [only] = statuses;
  return statuses.length === 1
    ? sql`job.status = ${only}::job_status`
    : sql`job.status = any(${textArray(statuses)}::job_status[])`;
}

/** UNKNOWN is every word that is folded nowhere else. */
function deliverabilityIs(folded: readonly Deliverability[]): SQL {
  const named = folded.flatMap(statusesOfDeliverability);
  const isNamed = sql`email.status = any(${textArray(named)}::text[])`;
  if (!folded.includes("UNKNOWN")) return isNamed;
  const known = (["DELIVERABLE", "UNDELIVERABLE", "RISKY"] as const).flatMap(statusesOfDeliverability);
  return sql`(${isNamed} or email.status <> all(${textArray(known)}::text[]))`;
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, "\\$&");
}
