import type { RequestHandler } from "express";

const MAX_LENGTH = 200;
const PREFIX = /^(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$/;

interface PathPrefixOptions {
  /** The configured prefix, `""` for none. */
  readonly pathPrefix: string;
  readonly trustProxyHops: number;
}

/** Returns the path without its last slash, or null if it is not a plain path such as `/tj`. */
export function plainPathPrefix(text: string): string | null {
  const prefix = text.trim().replace(/\/$/, "");
  return prefix === "" || (prefix.length <= MAX_LENGTH && PREFIX.test(prefix)) ? prefix : null;
}

/**
 * Stores the path prefix that trusted proxies removed (`X-Forwarded-Prefix`), so that redirects and `Link` can restore it.
 * A value that is not a plain path is ignored, because the prefix is written into response headers.
 */
export function readPathPrefix({ pathPrefix, trustProxyHops }: PathPrefixOptions): RequestHandler {
  return (request, response, next) => {
    const header = trustProxyHops === 0 ? undefined : request.headers["x-forwarded-prefix"];
    const forwarded = header === undefined ? null : forwardedPrefix(String(header), trustProxyHops);
    response.locals.pathPrefix = forwarded ?? pathPrefix;
    next();
  };
}

function forwardedPrefix(header: string, hops: number): string | null {
  const parts = header.split(",").slice(-hops).map(plainPathPrefix);
  return parts.includes(null) ? null : plainPathPrefix(parts.join(""));
}
