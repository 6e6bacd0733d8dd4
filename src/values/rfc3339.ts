const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d+))?(?:[Zz]|[+-](\d\d):([0-5]\d))$/;

/** Matches an offset such as `+02:00` whose plus sign was not encoded in a URL and was decoded as a blank. */
const OFFSET_AFTER_BLANK = /:\d\d(\.\d+)? \d\d:\d\d$/;

/** The format in which PostgreSQL prints a timestamptz in a UTC session: a year of at least four digits, and `BC` if needed. */
const TIMESTAMPTZ = /^(\d{4}|[1-9]\d{4,5})-(\d\d)-(\d\d) (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?\+00( BC)?$/;

const EARLIEST = "0001-01-01T00:00:00Z";
const LATEST = "9999-12-31T23:59:59.999999Z";
const EARLIEST_MS = Date.parse(EARLIEST);
const LATEST_MS = Date.parse("9999-12-31T23:59:59.999Z");

/** PostgreSQL stores the whole years from 4713 BC to 294276. */
const MAX_YEAR = 294_276;
const MAX_YEAR_BC = 4713;

/** PostgreSQL accepts offsets up to 15:59, although RFC 3339 allows 23:59. */
const MAX_OFFSET_HOURS = 15;

/** The reason why PostgreSQL would reject or change the timestamp, or null if it is valid. */
export function faultOfRfc3339(timestamp: string): string | null {
  if (OFFSET_AFTER_BLANK.test(timestamp)) return "has a blank before its offset; a URL needs %2B for the plus sign";
  const parts = RFC_3339.exec(timestamp);
  if (parts === null) return "is not an RFC 3339 timestamp with an offset, like 2025-01-01T12:00:01.123456Z";
  const [, year, month, day, , , , fraction, offsetHours] = parts;
  if (fraction !== undefined && fraction.length > 6)
    return "has more than the six fractional digits that can be stored";
  if (Number(offsetHours ?? 0) > MAX_OFFSET_HOURS) return "has an offset that does not exist";
  // `Date.parse` reads 30 February as 2 March.
  if (!isDay(Number(year), Number(month), Number(day))) return "is a day that does not exist";
  const ms = Date.parse(timestamp.replace(" ", "T").toUpperCase());
  // Outside this range PostgreSQL prints `BC` or a five-digit year, which RFC 3339 does not allow.
  return ms >= EARLIEST_MS && ms <= LATEST_MS ? null : "is outside of the years 1 to 9999";
}

function isDay(year: number, month: number, day: number): boolean {
  return day >= 1 && day <= daysIn(year, month);
}

function daysIn(year: number, month: number): number {
  if (month < 1 || month > 12) return 0;
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/**
 * Converts PostgreSQL's text in a UTC session (`2025-01-01 12:00:01.5+00`, already the shortest fraction) to RFC 3339. A
 * timestamp outside the years 1 to 9999 becomes the nearest one inside, so that no row fails a page or an export.
 */
export function rfc3339OfTimestamptz(text: string): string {
  // Slices are faster than a regular expression, and a page has up to 300 timestamps.
  if (isRfc3339Representable(text)) return `${text.slice(0, 10)}T${text.slice(11, -3)}Z`;
  return text.startsWith("-") || text.endsWith("BC") ? EARLIEST : LATEST;
}

/** Whether RFC 3339 can express the timestamp: it is not infinite, not BC and not past the year 9999. */
export function isRfc3339Representable(text: string): boolean {
  return text.charCodeAt(10) === 0x20 && text.endsWith("+00");
}

/** Whether PostgreSQL accepts the text as a timestamp. Cursors contain timestamps in the text format of PostgreSQL. */
export function isTimestamptz(text: string): boolean {
  if (text === "infinity" || text === "-infinity") return true;
  const [, digits, month, day, era] = TIMESTAMPTZ.exec(text) ?? [];
  const year = Number(digits);
  if (!(year >= 1 && year <= (era === undefined ? MAX_YEAR : MAX_YEAR_BC))) return false;
  // 1 BC, the astronomical year 0, is a leap year.
  return isDay(era === undefined ? year : 1 - year, Number(month), Number(day));
}
