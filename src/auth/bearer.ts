/** The scheme name is case-insensitive (RFC 9110 section 11.1). */
const BEARER = /^Bearer +([^\s,]+)$/i;

/** Returns the token of an Authorization header, or null if the header is not `Bearer` and exactly one token. */
export function bearerTokenOf(authorization: string): string | null {
  return BEARER.exec(authorization)?.[1] ?? null;
}
