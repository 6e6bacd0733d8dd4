const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d+))?(?:[Zz]|[+-](\d\d):([0-5]\d))$/;

const EARLIEST_MS = Date.parse("0001-01-01T00:00:00Z");
const LATEST_MS = Date.parse("9999-12-31T23:59:59.999Z");

/** PostgreSQL knows no offset beyond 15:59, though RFC 3339 goes to 23:59. */
const MAX_OFFSET_HOURS = 15;

/** What is wrong with a moment that PostgreSQL shall take as it is written; null for nothing. */
export function faultOfRfc3339(timestamp: string): string | null {
  const parts = RFC_3339.exec(timestamp);
  if (parts === null) return "is not an RFC 3339 timestamp with an offset, like 2025-01-01T12:00:01.123456Z";
  const [, year, month, day, , , , fraction, offsetHours] = parts;
  if (fraction !== undefined && fraction.length > 6)
    return "has more than the six fractional digits that can be stored";
  if (Number(offsetHours ?? 0) > MAX_OFFSET_HOURS) return "has an offset that does not exist";
  // Date.parse takes the 30th of February for the 2nd of March.
  if (Number(day) < 1 || Number(day) > daysIn(Number(year), Number(month))) return "is a day that does not exist";
  const ms = Date.parse(timestamp.replace(" ", "T").toUpperCase());
  // Outside of it PostgreSQL prints " BC" or a fifth digit, and the answer were no RFC 3339 any more.
  return ms >= EARLIEST_MS && ms <= LATEST_MS ? null : "is outside of the years 1 to 9999";
}

function daysIn(year: number, month: number): number {
  if (month < 1 || month > 12) return 0;
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/**
 * From Postgres' text in a UTC session (`2025-01-01 12:00:01.5+00`, already the shortest fraction) to RFC 3339. By
 * slices: a page has up to 300 of them. Refuses what RFC 3339 cannot say: infinity, BC, years past 9999.
 */
export function rfc3339OfTimestamptz(text: string): string {
  if (!isSayable(text)) throw new RangeError("a timestamp RFC 3339 cannot express");
  return `${text.slice(0, 10)}T${text.slice(11, -3)}Z`;
}

/** Whether `rfc3339OfTimestamptz` can say it. */
export function isSayable(text: string): boolean {
  return text.charCodeAt(10) === 0x20 && text.endsWith("+00");
}
