import type { RequestHandler } from "express";

const MAX_LENGTH = 200;
const PREFIX = /^(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$/;

interface PathPrefixOptions {
  /** What the operator configured, `""` for none. */
  readonly pathPrefix: string;
  readonly trustProxyHops: number;
}

/** The path without its last slash; null where it is not a plain path such as `/tj`. */
export function plainPathPrefix(text: string): string | null {
  const prefix = text.trim().replace(/\/$/, "");
  return prefix === "" || (prefix.length <= MAX_LENGTH && PREFIX.test(prefix)) ? prefix : null;
}

/**
 * Notes the path that proxies removed from the address, so that redirects and `Link` can restore it. Each trusted proxy
 * appends or sets one value of `X-Forwarded-Prefix`. A value that is not a plain path is ignored: it would end up in a header.
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
