import { isUuid } from "../uuid.ts";

/** What is wrong with one cell. */
interface CellFault {
  reason: string;
}

/** The value in PostgreSQL's text form, null where the cell is empty or absent. */
export type CellValue = string | null | CellFault;

/** RFC 5321 and 5322 leave no room for a longer address, and verifiers do report addresses that are no addresses. */
const MAX_ADDRESS_CHARS = 998;
const MAX_TEXT_CHARS = 10_000;
const MAX_SHOWN_CHARS = 60;

const JOB_STATUSES: ReadonlySet<string> = new Set(["pending", "processing", "completed", "failed"]);
const TRUE_WORDS: ReadonlySet<string> = new Set(["true", "t", "1", "yes"]);
const FALSE_WORDS: ReadonlySet<string> = new Set(["false", "f", "0", "no"]);
const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d+))?(?:[Zz]|[+-](\d\d):([0-5]\d))$/;

const EARLIEST_MS = Date.parse("0001-01-01T00:00:00Z");
const LATEST_MS = Date.parse("9999-12-31T23:59:59.999Z");

/** PostgreSQL knows no offset beyond 15:59, though RFC 3339 goes to 23:59. */
const MAX_OFFSET_HOURS = 15;

export function readAddress(cell: unknown): CellValue {
  const text = readText(cell);
  if (text === null) return { reason: "must not be empty" };
  if (typeof text === "string" && text.length > MAX_ADDRESS_CHARS) {
    return { reason: `is longer than ${MAX_ADDRESS_CHARS} characters` };
  }
  return text;
}

/** Text is taken as it is, blanks included; only blanks is the same as nothing. */
export function readText(cell: unknown): CellValue {
  if (cell === undefined || cell === null) return null;
  if (typeof cell !== "string") return { reason: `must be text, not ${kindOf(cell)}` };
  if (cell.trim() === "") return null;
  if (cell.length > MAX_TEXT_CHARS) return { reason: `is longer than ${MAX_TEXT_CHARS} characters` };
  if (cell.includes("\0")) return { reason: "contains a NUL character, which PostgreSQL cannot store" };
  // Only JSON's \ud800 can bring one; encoding it would silently store U+FFFD instead.
  if (/\p{Surrogate}/u.test(cell)) return { reason: "contains half of a surrogate pair" };
  return cell;
}

export function readBoolean(cell: unknown): CellValue {
  if (cell === undefined || cell === null || cell === false) return "f";
  if (cell === true) return "t";
  const word = String(cell).trim().toLowerCase();
  if (word === "" || FALSE_WORDS.has(word)) return "f";
  if (TRUE_WORDS.has(word)) return "t";
  return { reason: `${shown(cell)} is not a boolean (true or false)` };
}

export function readUuid(cell: unknown): CellValue {
  const text = readText(cell);
  if (typeof text !== "string") return text;
  const uuid = text.trim();
  return isUuid(uuid) ? uuid.toLowerCase() : { reason: `${shown(cell)} is not a UUID` };
}

export function readJobStatus(cell: unknown): CellValue {
  const text = readText(cell);
  if (typeof text !== "string") return text;
  const status = text.trim().toLowerCase();
  if (JOB_STATUSES.has(status)) return status;
  return { reason: `${shown(cell)} is none of ${[...JOB_STATUSES].join(", ")}` };
}

/** The text itself, never a Date: PostgreSQL parses it, so that no microsecond is lost on the way. */
export function readTimestamp(cell: unknown): CellValue {
  const text = readText(cell);
  if (typeof text !== "string") return text;
  const timestamp = text.trim();
  const parts = RFC_3339.exec(timestamp);
  if (parts === null) {
    return { reason: `${shown(cell)} is not an RFC 3339 timestamp with an offset, like 2025-01-01T12:00:01.123456Z` };
  }
  const [, year, month, day, , , , fraction, offsetHours] = parts;
  if (fraction !== undefined && fraction.length > 6) {
    return { reason: `${shown(cell)} has more than the six fractional digits that can be stored` };
  }
  if (Number(offsetHours ?? 0) > MAX_OFFSET_HOURS)
    return { reason: `${shown(cell)} has an offset that does not exist` };
  // Date.parse takes the 30th of February for the 2nd of March.
  if (Number(day) < 1 || Number(day) > daysIn(Number(year), Number(month))) {
    return { reason: `${shown(cell)} is a day that does not exist` };
  }
  const ms = Date.parse(timestamp.replace(" ", "T").toUpperCase());
  // Outside of it PostgreSQL prints " BC" or a fifth digit, and the answer were no RFC 3339 any more.
  if (!(ms >= EARLIEST_MS && ms <= LATEST_MS)) return { reason: `${shown(cell)} is outside of the years 1 to 9999` };
  return timestamp;
}

function daysIn(year: number, month: number): number {
  if (month < 1 || month > 12) return 0;
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function kindOf(cell: unknown): string {
  if (Array.isArray(cell)) return "a list";
  return typeof cell === "object" ? "an object" : `a ${typeof cell}`;
}

/** A row shifted by one column brings addresses into any column, so whatever looks like one is not repeated. */
function shown(cell: unknown): string {
  if (typeof cell === "object") return kindOf(cell);
  const text = String(cell).trim();
  if (text.includes("@")) return "the value (not shown, it holds an @)";
  return JSON.stringify(text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text);
}
