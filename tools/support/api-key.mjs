import { createHash, randomBytes } from "node:crypto";

/** A new key of this user's, as `npm run keys` would make it. */
export async function insertKey(sql, userId, { isAdmin = false, revokedAt = null, expiresAt = null } = {}) {
  const key = `tj_${randomBytes(32).toString("base64url")}`;
  const hash = createHash("sha256").update(key).digest("hex");
  await sql`insert into api_keys (user_id, key_hash, is_admin, revoked_at, expires_at)
    values (${userId}, ${hash}, ${isAdmin}, ${revokedAt}, ${expiresAt})`;
  return key;
}
