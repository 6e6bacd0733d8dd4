import { createHash, randomBytes } from "node:crypto";
import { and, desc, eq, gt, isNull, or, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { apiKeys } from "../db/schema.ts";
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

export type ApiKeys = ReturnType<typeof apiKeyQueries>;

export function apiKeyQueries(db: Database) {
  const viewerByHash = db
    .select({ userId: apiKeys.userId, isAdmin: apiKeys.isAdmin })
    .from(apiKeys)
    .where(
      and(
        eq(apiKeys.keyHash, sql.placeholder("keyHash")),
        isNull(apiKeys.revokedAt),
        or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, sql`now()`)),
      ),
    )
    .prepare("viewer_by_api_key_hash");

  return {
    /** Null for what is not a key of ours, unknown, expired or revoked; text of another shape costs no statement. */
    async findViewerByApiKey(key: string): Promise<Viewer | null> {
      if (!API_KEY.test(key)) return null;
      const [viewer] = await viewerByHash.execute({ keyHash: hashApiKey(key) });
      return viewer ?? null;
    },

    /** Null when the key is known already: it keeps its first owner, expiry and revocation. */
    async insertApiKey(key: string, wanted: NewApiKey): Promise<string | null> {
      const [row] = await db
        .insert(apiKeys)
        .values({ ...wanted, keyHash: hashApiKey(key), keyPreview: `${key.slice(0, PREVIEW_LENGTH)}…` })
        .onConflictDoNothing()
        .returning({ id: apiKeys.id });
      return row?.id ?? null;
    },

    listApiKeys() {
      return db
        .select({
          id: apiKeys.id,
          userId: apiKeys.userId,
          isAdmin: apiKeys.isAdmin,
          name: apiKeys.name,
          keyPreview: apiKeys.keyPreview,
          createdAt: apiKeys.createdAt,
          expiresAt: apiKeys.expiresAt,
          revokedAt: apiKeys.revokedAt,
        })
        .from(apiKeys)
        .orderBy(desc(apiKeys.createdAt), desc(apiKeys.id));
    },

    /** False when there is no such key; revoking twice keeps the first time. */
    async revokeApiKey(id: string): Promise<boolean> {
      const revoked = await db
        .update(apiKeys)
        .set({ revokedAt: sql`coalesce(${apiKeys.revokedAt}, now())` })
        .where(eq(apiKeys.id, id))
        .returning({ id: apiKeys.id });
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
  return createHash("sha256").update(key).digest("hex");
}
