import { createHash, randomBytes } from "node:crypto";

/**
 * Creates an API key for a user, like `npm run keys`.
 * @param {import("postgres").Sql} sql
 * @param {string} userId
 * @param {{ isAdmin?: boolean, revokedAt?: string | null, expiresAt?: string | null }} [rights]
 */
export async function insertKey(sql, userId, { isAdmin = false, revokedAt = null, expiresAt = null } = {}) {
  const key = `tj_${randomBytes(32).toString("base64url")}`;
  const hash = createHash("sha256").update(key).digest("hex");
  await sql`insert into api_keys (user_id, key_hash, is_admin, revoked_at, expires_at)
    values (${userId}, ${hash}, ${isAdmin}, ${revokedAt}, ${expiresAt})`;
  return key;
}
