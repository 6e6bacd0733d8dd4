import { sql } from "drizzle-orm";
import { columnsOf } from "../db/columns.ts";
import { prepareRows } from "../db/reads/prepare-rows.ts";
import type { Pool } from "../db/reads/reads.ts";
import { emails } from "../db/schema.ts";
import { uuidArray } from "../values/array-literal.ts";
import type { Deadline } from "../values/deadline.ts";
import { isRfc3339Representable } from "../values/rfc3339.ts";
import { MAX_TEXT_CHARS } from "../values/text-limit.ts";

export const EMAIL_COLUMNS = columnsOf(emails, [
  "id",
  "email",
  "status",
  "isRoleBased",
  "isDisposable",
  "hasMxRecords",
  "hasReverseDns",
  "domainName",
  "hostName",
  "serverType",
  "isCatchall",
  "validatedAt",
  "unknownReason",
  "needsPhysicalVerify",
]);

/** One row of `emails`. Timestamps are in the text format of PostgreSQL. */
export type EmailRecord = Readonly<ReturnType<typeof EMAIL_COLUMNS.read>>;

export type EmailQueries = ReturnType<typeof emailQueries>;

/** The ids are one array parameter, so that one prepared statement serves every batch size. */
const EMAILS_BY_IDS = sql`
  select ${EMAIL_COLUMNS.sql} from public.emails
  where id = any(${sql.placeholder("ids")}::uuid[]) and deleted_at is null`;

export function emailQueries(database: Pool) {
  const findByIds = prepareRows(database, EMAILS_BY_IDS);
  return {
    /** Returns the records in no particular order, without those that are deleted or missing. */
    async findEmailsByIds(ids: readonly string[], deadline: Deadline): Promise<EmailRecord[]> {
      const rows = await findByIds({ ids: uuidArray(ids) }, deadline);
      return rows.map((row) => EMAIL_COLUMNS.read(row));
    },
  };
}

/**
 * Whether a response can contain the record: every non-null field has a value, RFC 3339 can express its timestamp, and its
 * texts are within the limit. Databases without our constraints may contain other records.
 */
export function isRepresentable(email: EmailRecord): boolean {
  return (
    (email.validatedAt === null || isRfc3339Representable(email.validatedAt)) &&
    email.email !== null &&
    email.status !== null &&
    email.isRoleBased !== null &&
    email.isDisposable !== null &&
    email.hasMxRecords !== null &&
    email.hasReverseDns !== null &&
    email.isCatchall !== null &&
    email.needsPhysicalVerify !== null &&
    charsOf(email) <= MAX_TEXT_CHARS
  );
}

function charsOf({ email, status, domainName, hostName, serverType, unknownReason }: EmailRecord): number {
  return (
    email.length +
    status.length +
    (domainName?.length ?? 0) +
    (hostName?.length ?? 0) +
    (serverType?.length ?? 0) +
    (unknownReason?.length ?? 0)
  );
}
