import { randomUUID } from "node:crypto";

/** Any version, in upper or lower case. PostgreSQL would also accept braces and missing hyphens. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const UUID_RULE = "must be a UUID of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** A UUID of version 7 (RFC 9562), which begins with the time, so that an index of many new ids grows at its end. */
export function uuidv7(): string {
  const time = Date.now().toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
