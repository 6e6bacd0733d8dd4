/**
 * From Postgres' text in a UTC session (`2025-01-01 12:00:01.5+00`, already the shortest fraction) to RFC 3339. By
 * slices: a page has up to 300 of them. Refuses what RFC 3339 cannot say: infinity, BC, years past 9999.
 */
export function rfc3339OfTimestamptz(text: string): string {
  if (text.charCodeAt(10) !== 0x20 || !text.endsWith("+00"))
    throw new RangeError("a timestamp RFC 3339 cannot express");
  return `${text.slice(0, 10)}T${text.slice(11, -3)}Z`;
}
