import { hash, randomBytes } from "node:crypto";
import DataLoader from "dataloader";
import { sql } from "drizzle-orm";
import type { OpenDatabase } from "../db/client.ts";
import { prepareRows } from "../db/reads/prepare-rows.ts";
import { Deadline } from "../values/deadline.ts";
import { rfc3339OfTimestamptz } from "../values/rfc3339.ts";
import { createBatchSchedule } from "./batch-schedule.ts";
import type { CredentialFault } from "./credential-fault.ts";
import type { Viewer } from "./viewer.ts";

/** The prefix `tj_` lets secret scanners find leaked keys. The upper bound avoids hashing a header of 100 KB. */
const API_KEY = /^tj_[A-Za-z0-9_-]{32,200}$/;
const PREVIEW_LENGTH = 8;

export interface NewApiKey {
  readonly userId: string;
  readonly isAdmin: boolean;
  readonly name: string;
  /** RFC 3339, or null if the key never expires. */
  readonly expiresAt: string | null;
}

/** Timestamps are in RFC 3339. */
interface ListedApiKey {
  readonly id: string;
  readonly userId: string;
  readonly isAdmin: boolean;
  readonly name: string;
  readonly keyPreview: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

export type ApiKeys = ReturnType<typeof apiKeyQueries>;

interface KeyLookup {
  readonly keyHash: string;
  readonly deadline: Deadline;
}

export function apiKeyQueries(database: OpenDatabase) {
  const { db } = database;
  const findViewers = prepareRows(
    database,
    sql`select key_hash, user_id, is_admin,
        case when revoked_at is not null then 'revoked_key' when expires_at <= now() then 'expired_key' end
      from public.api_keys where key_hash = any(${sql.placeholder("hashes")}::text[])`,
  );

  const schedule = createBatchSchedule();
  /** Concurrent requests share one statement. Results are not cached, so that a revoked key is rejected immediately. */
  const viewerOfKey = new DataLoader<KeyLookup, Viewer | CredentialFault>(
    async (lookups) => {
      const hashes = lookups.map(({ keyHash }) => keyHash);
      // One statement serves several requests, so it has its own deadline and blocks the statements of none of them.
      const lastDeadline = new Deadline(Math.max(...lookups.map(({ deadline }) => deadline.at)));
      // The driver knows no array types, so pass an array literal. Hashes need no quoting.
      const rows = await schedule.run(() => findViewers({ hashes: `{${hashes.join(",")}}` }, lastDeadline));
      const found = new Map(
        rows.map(([keyHash, userId, isAdmin, fault]) => [
          keyHash,
          (fault as CredentialFault | null) ?? ({ userId, isAdmin } as Viewer),
        ]),
      );
      return hashes.map((keyHash) => found.get(keyHash) ?? "unknown_key");
    },
    { cache: false, batchScheduleFn: schedule.next },
  );

  return {
    /** Returns the viewer of a key, or why the key is refused. Text that does not look like a key is malformed and costs no statement. */
    async findViewerByApiKey(key: string, deadline: Deadline): Promise<Viewer | CredentialFault> {
      if (!API_KEY.test(key)) return "malformed";
      return viewerOfKey.load({ keyHash: hashApiKey(key), deadline });
    },

    /** Returns null if the key already exists. Its owner, expiry and revocation then stay unchanged. */
    async insertApiKey(key: string, owner: NewApiKey): Promise<string | null> {
      const { userId, isAdmin, name, expiresAt } = owner;
      const preview = `${key.slice(0, PREVIEW_LENGTH)}…`;
      const [row] = await db.execute<{ id: string }>(sql`
        insert into public.api_keys (user_id, is_admin, name, expires_at, key_hash, key_preview)
        values (${userId}, ${isAdmin}, ${name}, ${expiresAt}, ${hashApiKey(key)}, ${preview})
        on conflict do nothing returning id`);
      return row?.id ?? null;
    },

    async listApiKeys(): Promise<ListedApiKey[]> {
      const keys = await db.execute<ListedApiKey & Record<string, unknown>>(sql`
        select id, user_id as "userId", is_admin as "isAdmin", name, key_preview as "keyPreview",
          created_at as "createdAt", expires_at as "expiresAt", revoked_at as "revokedAt"
        from public.api_keys order by created_at desc, id desc`);
      return keys.map((key) => ({
        ...key,
        createdAt: rfc3339OfTimestamptz(key.createdAt),
        expiresAt: key.expiresAt && rfc3339OfTimestamptz(key.expiresAt),
        revokedAt: key.revokedAt && rfc3339OfTimestamptz(key.revokedAt),
      }));
    },

    /** Returns null if the key does not exist. Revoking a key again keeps the time of its first revocation. */
    async revokeApiKey(id: string): Promise<{ revokedAt: string; isNew: boolean } | null> {
      const revoked = await db.execute<{ revokedAt: string }>(sql`
        update public.api_keys set revoked_at = now() where id = ${id} and revoked_at is null
        returning revoked_at as "revokedAt"`);
      const [key] =
        revoked.length > 0
          ? revoked
          : await db.execute<{ revokedAt: string }>(
              sql`select revoked_at as "revokedAt" from public.api_keys where id = ${id}`,
            );
      return key === undefined ? null : { revokedAt: rfc3339OfTimestamptz(key.revokedAt), isNew: revoked.length > 0 };
    },
  };
}

/** Returns a key of 256 random bits. Show it once, because only its hash is stored. */
export function newApiKey(): string {
  return `tj_${randomBytes(32).toString("base64url")}`;
}

/** A slow password hash is unnecessary, because a key has 256 random bits and cannot be guessed. */
function hashApiKey(key: string): string {
  return hash("sha256", key, "hex");
}
