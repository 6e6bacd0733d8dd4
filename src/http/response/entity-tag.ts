import { hash } from "node:crypto";

/** Returns a weak tag, because the plain and the compressed response share it. */
export function entityTagOf(body: string): string {
  return `W/"${hash("sha1", body, "base64url")}"`;
}

/**
 * Compares weakly (RFC 9110 section 13.1.2). Express' `request.fresh` is not used, because it is false for `Cache-Control:
 * no-cache`, which fetch() adds to conditional requests and which is meant for caches.
 */
export function matchesEntityTag(entityTag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  const opaque = (tag: string) => tag.trim().replace(/^W\//, "");
  return ifNoneMatch.split(",").some((tag) => opaque(tag) === opaque(entityTag));
}
