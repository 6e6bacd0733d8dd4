import { JOB_STATUSES } from "../job-search/job-record.ts";
import { faultOfRfc3339 } from "../values/rfc3339.ts";
import { MAX_TEXT_BYTES } from "../values/text-limit.ts";
import { isUuid } from "../values/uuid.ts";
import { kindOf, shown } from "./message-text.ts";

interface CellFault {
  reason: string;
}

/** The value in the text format of PostgreSQL, or null if the cell is empty or absent. */
export type CellValue = string | null | CellFault;

/** The longest line of RFC 5322. Verifiers also report invalid addresses, so only the length is checked. */
const MAX_ADDRESS_CHARS = 998;

const TRUE_WORDS: ReadonlySet<string> = new Set(["true", "t", "1", "yes"]);
const FALSE_WORDS: ReadonlySet<string> = new Set(["false", "f", "0", "no"]);

export function readAddress(cell: unknown): CellValue {
  return readOptionalAddress(cell) ?? { reason: "must not be empty" };
}

export function readOptionalAddress(cell: unknown): CellValue {
  const text = readText(cell);
  if (typeof text === "string" && text.length > MAX_ADDRESS_CHARS) {
    return { reason: `is longer than ${MAX_ADDRESS_CHARS} characters` };
  }
  return text;
}

/** Keeps text unchanged, including leading and trailing spaces. Text that consists only of spaces becomes null. */
export function readText(cell: unknown): CellValue {
  if (cell === undefined || cell === null) return null;
  if (typeof cell !== "string") return { reason: `must be text, not ${kindOf(cell)}` };
  if (cell.trim() === "") return null;
  if (Buffer.byteLength(cell) > MAX_TEXT_BYTES) return { reason: `is longer than ${MAX_TEXT_BYTES} bytes` };
  if (cell.includes("\0")) return { reason: "contains a NUL character, which PostgreSQL cannot store" };
  // JSON can contain `\ud800`. Encoding it as UTF-8 would silently store U+FFFD instead.
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
  if (JOB_STATUSES.some((known) => known === status)) return status;
  return { reason: `${shown(cell)} is not one of ${JOB_STATUSES.join(", ")}` };
}

/** Returns the text itself, because a Date would lose the microseconds. */
export function readTimestamp(cell: unknown): CellValue {
  const text = readText(cell);
  if (typeof text !== "string") return text;
  const timestamp = text.trim();
  const fault = faultOfRfc3339(timestamp);
  return fault === null ? timestamp : { reason: `${shown(cell)} ${fault}` };
}
