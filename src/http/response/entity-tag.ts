import { hash } from "node:crypto";

/** Weak: one tag serves the plain and the compressed bytes. */
export function entityTagOf(body: string): string {
  return `W/"${hash("sha1", body, "base64url")}"`;
}

/**
 * RFC 9110 section 13.1.2, by weak comparison. Unlike Express' `fresh` it does not heed the request's
 * `Cache-Control: no-cache`, which fetch() adds to every conditional request: that speaks to caches, and this is the
 * origin.
 */
export function isKnownTag(entityTag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  const opaque = (tag: string) => tag.trim().replace(/^W\//, "");
  return ifNoneMatch.split(",").some((tag) => opaque(tag) === opaque(entityTag));
}
