import { hash } from "node:crypto";
import type { Response } from "express";

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

interface Representation {
  readonly type: string;
  readonly body: string;
}

/** Sends a body with an entity tag, or 304 if the client already has this version. */
export function sendRevalidated(response: Response, { type, body }: Representation): void {
  const entityTag = entityTagOf(body);
  response.setHeader("ETag", entityTag);
  if (matchesEntityTag(entityTag, response.req.headers["if-none-match"])) {
    response.status(304).end();
    return;
  }
  response.setHeader("Content-Type", `${type}; charset=utf-8`);
  response.end(body);
}
