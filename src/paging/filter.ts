import { hash } from "node:crypto";
import type { FieldFault } from "../errors.ts";
import { faultOfRfc3339 } from "../values/rfc3339.ts";

export const MAX_WORDS = 100;
export const MAX_WORD_LENGTH = 998;
/** The limit of all texts in a filter together, see `docs/decisions/limits.md`. */
const MAX_FILTER_BYTES = 16_000;

/** The fields of every filter that hold a moment. */
const MOMENTS: ReadonlySet<string> = new Set(["createdFrom", "createdTo", "updatedFrom", "updatedTo"]);

/** Before any SQL: a NUL would be an error of the database's, half a surrogate pair would silently become another word. */
export function faultsOfFilter(filter: object): FieldFault[] {
  let bytes = 0;
  for (const word of Object.values(filter).flat()) if (typeof word === "string") bytes += Buffer.byteLength(word);
  if (bytes > MAX_FILTER_BYTES)
    return [{ field: "filter", reason: `must not have more than ${MAX_FILTER_BYTES} bytes` }];
  return Object.entries(filter).flatMap(([name, value]) => {
    const reason = MOMENTS.has(name) ? faultOfMoment(value) : faultOfWords([value].flat());
    return reason === null ? [] : [{ field: `filter.${name}`, reason }];
  });
}

function faultOfMoment(moment: unknown): string | null {
  return typeof moment === "string" ? faultOfRfc3339(moment) : null;
}

function faultOfWords(words: readonly unknown[]): string | null {
  if (words.length > MAX_WORDS) return `must not have more than ${MAX_WORDS} values`;
  const isBad = words.some((word) => typeof word === "string" && !isSearchable(word));
  return isBad ? `must be text of up to ${MAX_WORD_LENGTH} characters without NUL` : null;
}

function isSearchable(word: string): boolean {
  return word.length <= MAX_WORD_LENGTH && !word.includes("\0") && !/\p{Surrogate}/u.test(word);
}

/** The same filter, whatever the order of its fields and words, gives the same text: cursors carry its digest. */
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
  return canonicalFilter(filter) === "[]";
}
