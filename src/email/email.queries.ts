import { sql } from "drizzle-orm";
import type { OpenDatabase } from "../db/client.ts";
import { prepareRows, type Row } from "../db/prepare-rows.ts";
import type { Deadline } from "../values/deadline.ts";
import { isRfc3339Representable } from "../values/rfc3339.ts";
import { MAX_TEXT_CHARS } from "../values/text-limit.ts";
import type { EmailRead, EmailRecord, JoinedEmail } from "./email.ts";

export type EmailQueries = ReturnType<typeof emailQueries>;

/** In the order that `emailOfRow` reads. */
export const EMAIL_COLUMNS = sql`id, email, status, is_role_based, is_disposable, has_mx_records, has_reverse_dns,
  domain_name, host_name, server_type, is_catchall, validated_at, unknown_reason, needs_physical_verify, deleted_at`;

/** One array parameter: a single prepared statement serves every batch size, `in (…)` would make one per length. */
const EMAILS_BY_IDS = sql`select ${EMAIL_COLUMNS} from public.emails where id = any(${sql.placeholder("ids")}::uuid[])`;

export function emailQueries(database: OpenDatabase) {
  const findByIds = prepareRows(database, EMAILS_BY_IDS);
  return {
    /** In no particular order; ids without a record are left out. */
    async findEmailsByIds(ids: readonly string[], deadline: Deadline): Promise<JoinedEmail[]> {
      // As an array literal, since the driver knows no array types (`fetch_types: false`). Uuids need no quoting.
      const rows = await findByIds({ ids: `{${ids.join(",")}}` }, deadline);
      return rows.map((row) => ({ id: row[0] as string, record: emailOfRow(row, 0) }));
    },
  };
}

/** `at` is where its columns begin. REST, GraphQL and exports all decide here whether a record can be expressed. */
export function emailOfRow(row: Row, at: number): EmailRead {
  if (row[at + 14] !== null) return null;
  const email: EmailRecord = {
    id: row[at] as string,
    email: row[at + 1] as string,
    status: row[at + 2] as string,
    isRoleBased: row[at + 3] as boolean,
    isDisposable: row[at + 4] as boolean,
    hasMxRecords: row[at + 5] as boolean,
    hasReverseDns: row[at + 6] as boolean,
    domainName: row[at + 7] as string | null,
    hostName: row[at + 8] as string | null,
    serverType: row[at + 9] as string | null,
    isCatchall: row[at + 10] as boolean,
    validatedAt: row[at + 11] as string | null,
    unknownReason: row[at + 12] as string | null,
    needsPhysicalVerify: row[at + 13] as boolean,
  };
  return isReadable(email) ? email : new Error(`the email record ${email.id} cannot be read`);
}

/** Whether every non-null field has a value, RFC 3339 can express every timestamp, and the texts fit into a response. */
function isReadable(email: EmailRecord): boolean {
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
