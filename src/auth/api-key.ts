import { hash, randomBytes } from "node:crypto";
import DataLoader from "dataloader";
import { sql } from "drizzle-orm";
import type { OpenDatabase } from "../db/client.ts";
import { prepareRows } from "../db/prepare-rows.ts";
import { Deadline } from "../values/deadline.ts";
import type { Viewer } from "./viewer.ts";

/** `tj_` makes a leaked key findable by secret scanners; the upper bound keeps a 100 KB header out of the hash. */
const API_KEY = /^tj_[A-Za-z0-9_-]{32,200}$/;
const PREVIEW_LENGTH = 8;

export interface NewApiKey {
  readonly userId: string;
  readonly isAdmin: boolean;
  readonly name: string;
  /** RFC 3339; null never expires. */
  readonly expiresAt: string | null;
}

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

interface AskedKey {
  readonly keyHash: string;
  readonly deadline: Deadline;
}

export function apiKeyQueries(database: OpenDatabase) {
  const { db } = database;
  const findViewers = prepareRows(
    database,
    sql`select key_hash, user_id, is_admin from public.api_keys
      where key_hash = any(${sql.placeholder("hashes")}::text[]) and revoked_at is null
        and (expires_at is null or expires_at > now())`,
  );

  /**
   * The keys of requests that came together share a statement: under load four do, which saves a fifth of a page of 10.
   * Nothing is kept, so that a revoked key fails at once.
   */
  const viewerOfKey = new DataLoader<AskedKey, Viewer | null>(
    async (asked) => {
      const hashes = asked.map(({ keyHash }) => keyHash);
      // One statement serves several requests, so it has its own deadline and blocks the statements of none of them.
      const lastDeadline = new Deadline(Math.max(...asked.map(({ deadline }) => deadline.at)));
      // As an array literal, since the driver knows no array types. Hashes need no quoting.
      const rows = await findViewers({ hashes: `{${hashes.join(",")}}` }, lastDeadline);
      const viewers = new Map(rows.map(([keyHash, userId, isAdmin]) => [keyHash, { userId, isAdmin } as Viewer]));
      return hashes.map((keyHash) => viewers.get(keyHash) ?? null);
    },
    { cache: false, batchScheduleFn: setImmediate },
  );

  return {
    /** Null for what is not a key of ours, unknown, expired or revoked; text of another shape costs no statement. */
    async findViewerByApiKey(key: string, deadline: Deadline): Promise<Viewer | null> {
      if (!API_KEY.test(key)) return null;
      return viewerOfKey.load({ keyHash: hashApiKey(key), deadline });
    },

    /** Null when the key is known already: it keeps its first owner, expiry and revocation. */
    async insertApiKey(key: string, wanted: NewApiKey): Promise<string | null> {
      const { userId, isAdmin, name, expiresAt } = wanted;
      const preview = `${key.slice(0, PREVIEW_LENGTH)}…`;
      const [row] = await db.execute<{ id: string }>(sql`
        insert into public.api_keys (user_id, is_admin, name, expires_at, key_hash, key_preview)
        values (${userId}, ${isAdmin}, ${name}, ${expiresAt}, ${hashApiKey(key)}, ${preview})
        on conflict do nothing returning id`);
      return row?.id ?? null;
    },

    async listApiKeys(): Promise<ListedApiKey[]> {
      return [
        ...(await db.execute<ListedApiKey & Record<string, unknown>>(sql`
          select id, user_id as "userId", is_admin as "isAdmin", name, key_preview as "keyPreview",
            created_at as "createdAt", expires_at as "expiresAt", revoked_at as "revokedAt"
          from public.api_keys order by created_at desc, id desc`)),
      ];
    },

    /** False when there is no such key; revoking twice keeps the first time. */
    async revokeApiKey(id: string): Promise<boolean> {
      const revoked = await db.execute(
        sql`update public.api_keys set revoked_at = coalesce(revoked_at, now()) where id = ${id} returning id`,
      );
      return revoked.length > 0;
    },
  };
}

/** 256 random bits. Show it once: only its hash is stored. */
export function newApiKey(): string {
  return `tj_${randomBytes(32).toString("base64url")}`;
}

/** Plain SHA-256 is enough: the key is 256 random bits, there is nothing to guess. */
function hashApiKey(key: string): string {
  return hash("sha256", key, "hex");
}
