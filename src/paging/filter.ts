import { hash } from "node:crypto";
import type { FieldFault } from "../errors.ts";
import { faultOfRfc3339 } from "../values/rfc3339.ts";

export const MAX_WORDS = 100;
export const MAX_WORD_LENGTH = 998;
/** The limit of all texts in a filter together, see `docs/measurements/limits.md`. */
const MAX_FILTER_BYTES = 16_000;

/** The fields of all filters that contain a timestamp. */
const TIMESTAMPS: ReadonlySet<string> = new Set(["createdFrom", "createdTo", "updatedFrom", "updatedTo"]);

/** Call this function before any SQL: PostgreSQL rejects NUL, and the driver would replace half of a surrogate pair. */
export function faultsOfFilter(filter: object): FieldFault[] {
  let bytes = 0;
  for (const word of Object.values(filter).flat()) if (typeof word === "string") bytes += Buffer.byteLength(word);
  if (bytes > MAX_FILTER_BYTES)
    return [{ field: "filter", reason: `must not have more than ${MAX_FILTER_BYTES} bytes` }];
  return Object.entries(filter).flatMap(([name, value]) => {
    const reason = TIMESTAMPS.has(name) ? faultOfTimestamp(value) : faultOfWords([value].flat());
    return reason === null ? [] : [{ field: `filter.${name}`, reason }];
  });
}

function faultOfTimestamp(timestamp: unknown): string | null {
  return typeof timestamp === "string" ? faultOfRfc3339(timestamp) : null;
}

function faultOfWords(words: readonly unknown[]): string | null {
  if (words.length > MAX_WORDS) return `must not have more than ${MAX_WORDS} values`;
  const isInvalid = words.some((word) => typeof word === "string" && !isSearchable(word));
  return isInvalid ? `must be text of up to ${MAX_WORD_LENGTH} characters without NUL` : null;
}

function isSearchable(word: string): boolean {
  return word.length <= MAX_WORD_LENGTH && !word.includes("\0") && !/\p{Surrogate}/u.test(word);
}

/** Equal filters have equal texts, whatever the order of their fields and values. Cursors contain a digest of the text. */
export function canonicalFilter(filter: object): string {
  const fields = Object.entries(filter)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => [name, Array.isArray(value) ? [...value].sort() : value])
    .sort(([one], [other]) => (String(one) < String(other) ? -1 : 1));
  return JSON.stringify(fields);
}

/** A short cache key that differs for different filters. */
export function filterDigest(filter: object): string {
  return hash("sha256", canonicalFilter(filter), "base64url");
}

export function isEmptyFilter(filter: object): boolean {
  return Object.values(filter).every((value) => value === null || value === undefined);
}
