import { faultOfRfc3339 } from "../../values/rfc3339.ts";

const ISO = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(:\d\d)?(?:[.,](\d+))?)?\s*(?:([Zz]|UTC|GMT)|([+-]\d\d):?(\d\d)?)?$/;
const SLASHES = /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?:,?\s+(\d{1,2}):(\d\d)(?::(\d\d))?\s*([AaPp][Mm])?)?$/;
const MAX_FRACTION_DIGITS = 6;

export interface DateRules {
  /** Whether a date without a zone is UTC. Otherwise it is an error. */
  readonly isUtcByDefault: boolean;
  readonly slashDates: "month first" | undefined;
}

/** Converts the date formats of the verifiers to RFC 3339, or returns the reason why that is not possible. */
export function readVerifierDate(text: string, { isUtcByDefault, slashDates }: DateRules): string | { reason: string } {
  const trimmed = text.trim();
  const slashes = SLASHES.exec(trimmed);
  if (slashes !== null) {
    if (slashDates === undefined) {
      return { reason: "does not show which number is the month: write it as 2025-01-31T12:00:00Z" };
    }
    return checked(isoOfSlashes(slashes));
  }
  const [, day, time = "00:00", seconds = ":00", fraction, utc, hours, minutes = "00"] = ISO.exec(trimmed) ?? [];
  // The caller reports any other text in the words of RFC 3339.
  if (day === undefined) return trimmed;
  const hasZone = utc !== undefined || hours !== undefined;
  if (!hasZone && !isUtcByDefault) {
    return { reason: "has no time zone: write it as 2025-01-31T12:00:00Z, or with an offset such as +02:00" };
  }
  const zone = hours === undefined ? "Z" : `${hours}:${minutes}`;
  const digits = fraction === undefined ? "" : `.${fraction.slice(0, MAX_FRACTION_DIGITS)}`;
  return checked(`${day}T${time}${seconds}${digits}${zone}`);
}

function isoOfSlashes([
  ,
  month = "",
  day = "",
  year = "",
  hour = "0",
  minute = "00",
  second = "00",
  half,
]: RegExpExecArray) {
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (half.toLowerCase() === "pm" ? 12 : 0);
  const two = (value: string | number) => String(value).padStart(2, "0");
  return `${year}-${two(month)}-${two(day)}T${two(hours)}:${minute}:${second}Z`;
}

function checked(timestamp: string): string | { reason: string } {
  const fault = faultOfRfc3339(timestamp);
  return fault === null ? timestamp : { reason: fault };
}
