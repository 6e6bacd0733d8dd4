import { hash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { bearerTokenOf } from "../auth/bearer.ts";
import type { Viewer } from "../auth/viewer.ts";

/** Some megabytes at the most. Whoever is forgotten is only asked for once more. */
const MAX_REMEMBERED = 10_000;

export interface RecentCredential {
  /** Where its requests are counted. */
  readonly bucket: string;
  /** A moment of `performance.now()`: until then its limit is used up. */
  refusedUntil: number;
}

/**
 * The credentials that were good when this process last saw them. It lets a request over the limit be refused without a
 * statement, and keeps a caller who is known from being locked out with the strangers who share its address.
 */
export function openRecentCredentials() {
  const byFingerprint = new Map<string, RecentCredential>();
  return {
    get: (fingerprint: string) => byFingerprint.get(fingerprint),
    forget: (fingerprint: string) => byFingerprint.delete(fingerprint),
    remember(fingerprint: string, request: IncomingMessage, viewer: Viewer): RecentCredential {
      const known = byFingerprint.get(fingerprint);
      if (known !== undefined) return known;
      const oldest = byFingerprint.size < MAX_REMEMBERED ? undefined : byFingerprint.keys().next().value;
      if (oldest !== undefined) byFingerprint.delete(oldest);
      const credential = {
        bucket: credentialBucket(request, viewer),
        refusedUntil: 0,
      };
      byFingerprint.set(fingerprint, credential);
      return credential;
    },
  };
}

/**
 * A hash of the credential, equal for every spelling of its header, because a credential must not be kept longer than its
 * request. Null for an anonymous request.
 */
export function fingerprintOf({ headers }: IncomingMessage): string | null {
  const { authorization, "x-api-key": key } = headers;
  if (authorization === undefined && key === undefined) return null;
  const token = authorization === undefined ? "" : (bearerTokenOf(authorization) ?? authorization);
  return hash("sha256", `${token}\n${String(key ?? "")}`, "base64url");
}

/** The user of each credential at its last use in this process. */
export function createIdentityCache() {
  const users = new Map<string, string>();
  return {
    get: (fingerprint: string) => users.get(fingerprint),
    delete: (fingerprint: string) => users.delete(fingerprint),
    set(fingerprint: string, userId: string): void {
      const oldest = users.size < MAX_REMEMBERED ? undefined : users.keys().next().value;
      if (oldest !== undefined) users.delete(oldest);
      users.set(fingerprint, userId);
    },
  };
}

/** An API key by its hash, in whichever header it came; a token by its subject, so that a new token is no new limit. */
function credentialBucket({ headers }: IncomingMessage, viewer: Viewer): string {
  const token = bearerTokenOf(headers.authorization ?? "") ?? String(headers["x-api-key"]);
  return token.startsWith("tj_") ? `key:${hash("sha256", token, "base64url")}` : `user:${viewer.userId}`;
}
