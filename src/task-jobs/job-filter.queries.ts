import { type SQL, sql } from "drizzle-orm";
import { ifGiven } from "../conditions.queries.ts";
import { textArray } from "../db/text-array.ts";
import { DELIVERABILITIES, type Deliverability, statusesOfDeliverability } from "../email/email.ts";
import type { JobFilter } from "./job-filter.ts";
import type { JobStatus } from "./task-job.ts";

/** Over `job`, a row of task_email_jobs, and `email`, its record or nulls. */
export function conditionsOf(filter: JobFilter): SQL[] {
  const hasRecord = sql`(email.id is not null and email.deleted_at is null)`;
  const flag = (column: SQL) => (value: boolean) => sql`${hasRecord} and ${column} = ${value}`;
  return [
    ...ifGiven(filter.status, statusIsOneOf),
    ...ifGiven(filter.emailStatus, (words) => sql`${hasRecord} and email.status = any(${textArray(words)}::text[])`),
    ...ifGiven(filter.deliverability, (folded) => sql`${hasRecord} and ${deliverabilityIs(folded)}`),
    ...ifGiven(filter.isRoleBased, flag(sql`email.is_role_based`)),
    ...ifGiven(filter.isDisposable, flag(sql`email.is_disposable`)),
    ...ifGiven(filter.hasMxRecords, flag(sql`email.has_mx_records`)),
    ...ifGiven(filter.hasReverseDns, flag(sql`email.has_reverse_dns`)),
    ...ifGiven(filter.isCatchall, flag(sql`email.is_catchall`)),
    ...ifGiven(filter.needsPhysicalVerify, flag(sql`email.needs_physical_verify`)),
    ...ifGiven(filter.domain, (words) => {
      const lower = textArray(words.map((word) => word.toLowerCase()));
      return sql`${hasRecord} and lower(email.domain_name) = any(${lower}::text[])`;
    }),
    ...ifGiven(filter.addressContains, (part) => sql`job.email_address ilike ${`%${escapeLike(part)}%`}`),
    ...ifGiven(filter.hasUnknownReason, (has) => sql`${hasRecord} and (email.unknown_reason is not null) = ${has}`),
    ...ifGiven(filter.hasEmail, (has) => sql`${hasRecord} = ${has}`),
    ...ifGiven(filter.createdFrom, (from) => sql`job.created_at >= ${from}::timestamptz`),
    ...ifGiven(filter.createdTo, (to) => sql`job.created_at < ${to}::timestamptz`),
    ...ifGiven(filter.updatedFrom, (from) => sql`job.updated_at >= ${from}::timestamptz`),
    ...ifGiven(filter.updatedTo, (to) => sql`job.updated_at < ${to}::timestamptz`),
  ];
}

/** The index of a lone status has the order of creation; one of several is sorted. */
function statusIsOneOf(words: readonly JobStatus[]): SQL {
  const [first, ...more] = words;
  if (first !== undefined && more.length === 0) return sql`job.status = ${first}`;
  return sql`job.status = any(${textArray(words)}::job_status[])`;
}

/** UNKNOWN is every word that is folded nowhere else. */
function deliverabilityIs(folded: readonly Deliverability[]): SQL {
  const named = folded.flatMap(statusesOfDeliverability);
  const isNamed = sql`email.status = any(${textArray(named)}::text[])`;
  if (!folded.includes("UNKNOWN")) return isNamed;
  const known = DELIVERABILITIES.flatMap(statusesOfDeliverability);
  return sql`(${isNamed} or email.status <> all(${textArray(known)}::text[]))`;
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, "\\$&");
}
