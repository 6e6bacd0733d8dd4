import { type SQL, sql } from "drizzle-orm";
import { DELIVERABILITIES, type Deliverability, statusesOfDeliverability } from "../email/deliverability.ts";
import { ifGiven } from "../paging/keyset.queries.ts";
import { textArray } from "../values/array-literal.ts";
import { foldCase } from "./case-folding.ts";
import type { JobFilter } from "./job-filter.ts";
import type { JobStatus } from "./job-record.ts";

export const JOBS = sql`public.task_email_jobs job`;

/**
 * The join, not a CASE, excludes deleted emails, because PostgreSQL cannot estimate groups of a CASE and would not count in
 * parallel.
 */
export const JOBS_WITH_EMAILS = sql`
  ${JOBS} left join public.emails email on email.id = job.email_id and email.deleted_at is null`;

/** The tables that the conditions of the filter need. */
export function tablesOf(filter: JobFilter): SQL {
  return usesEmails(filter) ? JOBS_WITH_EMAILS : JOBS;
}

export function usesEmails(filter: JobFilter): boolean {
  return emailConditionsOf(filter).length > 0;
}

/** The conditions on a row of `tablesOf(filter)`. */
export function conditionsOf(filter: JobFilter): SQL[] {
  return [
    ...ifGiven(filter.status, statusIs),
    ...ifGiven(filter.addressContains, (part) => containsInAnyCase(sql`job.email_address`, part)),
    ...ifGiven(filter.createdFrom, (from) => sql`job.created_at >= ${from}::timestamptz`),
    ...ifGiven(filter.createdTo, (to) => sql`job.created_at < ${to}::timestamptz`),
    ...ifGiven(filter.updatedFrom, (from) => sql`job.updated_at >= ${from}::timestamptz`),
    ...ifGiven(filter.updatedTo, (to) => sql`job.updated_at < ${to}::timestamptz`),
    ...emailConditionsOf(filter),
  ];
}

function emailConditionsOf(filter: JobFilter): SQL[] {
  const hasEmail = sql`(email.id is not null)`;
  const flag = (column: SQL) => (value: boolean) => sql`${hasEmail} and ${column} = ${value}`;
  return [
    ...ifGiven(filter.emailStatus, (words) => sql`${hasEmail} and email.status = any(${textArray(words)}::text[])`),
    ...ifGiven(filter.deliverability, (values) => sql`${hasEmail} and ${deliverabilityIs(values)}`),
    ...ifGiven(filter.isRoleBased, flag(sql`email.is_role_based`)),
    ...ifGiven(filter.isDisposable, flag(sql`email.is_disposable`)),
    ...ifGiven(filter.hasMxRecords, flag(sql`email.has_mx_records`)),
    ...ifGiven(filter.hasReverseDns, flag(sql`email.has_reverse_dns`)),
    ...ifGiven(filter.isCatchall, flag(sql`email.is_catchall`)),
    ...ifGiven(filter.needsPhysicalVerify, flag(sql`email.needs_physical_verify`)),
    ...ifGiven(filter.domain, (words) => sql`${hasEmail} and ${isInAnyCase(sql`email.domain_name`, words)}`),
    ...ifGiven(filter.hasUnknownReason, (has) => sql`${hasEmail} and (email.unknown_reason is not null) = ${has}`),
    ...ifGiven(filter.hasEmail, (has) => sql`${hasEmail} = ${has}`),
  ];
}

/** A single status is an equality, because only then the status index has its jobs in order and nothing is sorted. */
function statusIs(statuses: readonly JobStatus[]): SQL {
  const [only] = statuses;
  return statuses.length === 1
    ? sql`job.status = ${only}::public.job_status`
    : sql`job.status = any(${textArray(statuses)}::public.job_status[])`;
}

/** UNKNOWN matches every status that maps to no other deliverability. */
function deliverabilityIs(deliverabilities: readonly Deliverability[]): SQL {
  const named = deliverabilities.flatMap(statusesOfDeliverability);
  const isNamed = sql`email.status = any(${textArray(named)}::text[])`;
  if (!deliverabilities.includes("UNKNOWN")) return isNamed;
  const known = DELIVERABILITIES.flatMap(statusesOfDeliverability);
  return sql`(${isNamed} or email.status <> all(${textArray(known)}::text[]))`;
}

function containsInAnyCase(column: SQL, text: string): SQL {
  const { folded, pattern, from, to } = foldCase(text);
  const lower = sql`lower(${column} collate "C")`;
  const mayContain = sql`${lower} like ${`%${pattern}%`}`;
  // `translate` comes last, because LIKE is cheaper and leaves few rows.
  return from === "" ? mayContain : sql`(${mayContain} and strpos(translate(${lower}, ${from}, ${to}), ${folded}) > 0)`;
}

/** Whether the column has one of the texts, in any case. */
export function isInAnyCase(column: SQL, words: readonly string[]): SQL {
  const texts = words.map(foldCase);
  const lower = sql`lower(${column} collate "C")`;
  const [plain, others] = [texts.filter(({ from }) => from === ""), texts.filter(({ from }) => from !== "")];
  const isPlain = sql`${lower} = any(${textArray(plain.map(({ folded }) => folded))}::text[])`;
  if (others.length === 0) return isPlain;
  const mayBe = sql`${lower} like any(${textArray(others.map(({ pattern }) => pattern))}::text[])`;
  const [from, to] = [others.map((text) => text.from).join(""), others.map((text) => text.to).join("")];
  const isOther = sql`translate(${lower}, ${from}, ${to}) = any(${textArray(others.map(({ folded }) => folded))}::text[])`;
  return sql`(${isPlain} or (${mayBe} and ${isOther}))`;
}
