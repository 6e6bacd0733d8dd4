import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Credentials } from "../auth/authenticate.ts";
import { bearerTokenOf } from "../auth/bearer.ts";
import type { Viewer } from "../auth/viewer.ts";

/** An entry is a digest with a key of at most 50 characters, so a cache takes at most 5 MB. A lost entry is looked up again. */
const MAX_ENTRIES = 10_000;

export interface RecentCredential {
  /** The key under which the rate limiter counts its requests. */
  readonly bucket: string;
  /** The time, in `performance.now()`, at which the limit admits its next request. */
  refusedUntil: number;
}

/**
 * The credentials that were valid when this process last saw them. A request of a known credential over its limit is refused
 * without a statement, and is not refused for what other callers do at the same address.
 */
export function createRecentCredentials() {
  const byFingerprint = new LRUCache<string, RecentCredential>({ max: MAX_ENTRIES });
  return {
    get: (fingerprint: string) => byFingerprint.get(fingerprint),
    forget: (fingerprint: string) => byFingerprint.delete(fingerprint),
    remember(fingerprint: string, request: Credentials, viewer: Viewer): RecentCredential {
      const known = byFingerprint.get(fingerprint);
      if (known !== undefined) return known;
      const credential = { bucket: credentialBucket(request, viewer), refusedUntil: 0 };
      byFingerprint.set(fingerprint, credential);
      return credential;
    },
  };
}

/**
 * A hash of the credential, equal for every spelling of its header, or null for an anonymous request. Credentials
 * themselves are not kept longer than their requests.
 */
export function fingerprintOf({ headers }: Credentials): string | null {
  const { authorization, "x-api-key": key } = headers;
  if (authorization === undefined && key === undefined) return null;
  const token = authorization === undefined ? "" : (bearerTokenOf(authorization) ?? authorization);
  return hash("sha256", `${token}\n${String(key ?? "")}`, "base64url");
}

/** The user of each credential at its last use in this process. */
export function createIdentityCache() {
  return new LRUCache<string, string>({ max: MAX_ENTRIES });
}

/** An API key is counted by its hash, a token by its user, so that a new token has the same limit. */
function credentialBucket({ headers }: Credentials, viewer: Viewer): string {
  const token = bearerTokenOf(headers.authorization ?? "") ?? String(headers["x-api-key"]);
  return token.startsWith("tj_") ? `key:${hash("sha256", token, "base64url")}` : `user:${viewer.userId}`;
}
