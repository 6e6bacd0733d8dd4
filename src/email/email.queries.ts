import { sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { emails } from "../db/schema.ts";
import type { EmailRecord } from "./email.ts";

export type EmailQueries = ReturnType<typeof emailQueries>;

/** A record as it is read here: a deleted one is told apart from one that is missing. */
export type FoundEmail = EmailRecord & { readonly isDeleted: boolean };

export function emailQueries(db: Database) {
  const byIds = db
    .select({
      id: emails.id,
      email: emails.email,
      status: emails.status,
      isRoleBased: emails.isRoleBased,
      isDisposable: emails.isDisposable,
      hasMxRecords: emails.hasMxRecords,
      hasReverseDns: emails.hasReverseDns,
      domainName: emails.domainName,
      hostName: emails.hostName,
      serverType: emails.serverType,
      isCatchall: emails.isCatchall,
      validatedAt: emails.validatedAt,
      unknownReason: emails.unknownReason,
      needsPhysicalVerify: emails.needsPhysicalVerify,
      isDeleted: sql<boolean>`${emails.deletedAt} is not null`,
    })
    .from(emails)
    // One array parameter: a single prepared statement serves every batch size, `in (…)` would make one per length.
    .where(sql`${emails.id} = any(${sql.placeholder("ids")}::uuid[])`)
    .prepare("emails_by_ids");

  return {
    /** In no particular order; ids without a record are left out. */
    findEmailsByIds(ids: readonly string[]): Promise<FoundEmail[]> {
      // As an array literal, since the driver knows no array types (`fetch_types: false`). Uuids need no quoting.
      return byIds.execute({ ids: `{${ids.join(",")}}` });
    },
  };
}
