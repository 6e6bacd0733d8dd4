/** Any version, in upper or lower case. PostgreSQL would also accept braces and missing hyphens. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const UUID_RULE = "must be a UUID of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

export function isUuid(text: string): boolean {
  return UUID.test(text);
}
