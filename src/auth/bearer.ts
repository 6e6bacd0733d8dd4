/** `Bearer` in any case (RFC 9110 section 11.1), one token, nothing after it. */
const BEARER = /^Bearer +([^\s,]+)$/i;

/** Of one Authorization header. */
export function bearerTokenOf(authorization: string): string | null {
  return BEARER.exec(authorization)?.[1] ?? null;
}
