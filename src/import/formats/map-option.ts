import { COLUMN_NAMES, type ColumnName } from "../result-row.ts";
import { parseRecord } from "../text/parse-record.ts";
import type { SourceField } from "./convert-result.ts";
import { ADDRESS_NAMES, normalizeName, type ResultFormat, STATES, type State, type Verdict } from "./result-format.ts";
import { VERIFIERS } from "./verifiers/verifiers.ts";

/** The source column of each own column. */
export type ColumnMap = ReadonlyMap<SourceField, string>;

const REASON_COLUMN = "unknown_reason";

/** Reads `email=Address,status=Result`, in which a name with a comma is in quotes, as in CSV. Returns a fault as text. */
export function readColumnMap(options: readonly string[]): ColumnMap | string {
  const map = new Map<SourceField, string>();
  for (const option of options) {
    const parsed = parseRecord(option, 0, { dialect: { delimiter: ",", quoteStyle: "doubled" }, isLast: true });
    const pairs = parsed?.fault === null ? parsed.fields : option.split(",");
    for (const pair of pairs) {
      const equals = pair.indexOf("=");
      const [column, source] = [pair.slice(0, equals).trim().toLowerCase(), unquote(pair.slice(equals + 1).trim())];
      if (equals < 1 || source === "") return "--map must be a list like email=Address,status=Result";
      if (!isColumn(column)) return `--map must name columns from this list: ${COLUMN_NAMES.join(", ")}`;
      const field = column === REASON_COLUMN ? "reason" : column;
      if (map.has(field)) return `--map must not name ${column} twice`;
      map.set(field, source);
    }
  }
  return map;
}

/** Reads `WORD=STATE`. Returns a fault as text. */
export function readStatusWords(options: readonly string[]): ReadonlyMap<string, State> | string {
  const words = new Map<string, State>();
  for (const option of options) {
    const equals = option.lastIndexOf("=");
    const word = normalizeName(option.slice(0, equals));
    const state = STATES.find((known) => known === option.slice(equals + 1).trim());
    if (equals < 1 || word === "" || state === undefined) {
      return `--status-word must be like WORD=STATE, where STATE is one of ${STATES.join(", ")}`;
    }
    words.set(word, state);
  }
  return words;
}

/** The words that all verifiers use in the same meaning, for files of a verifier that is not known. */
export function createMappedFormat(): ResultFormat {
  const meanings = new Map<string, Set<Verdict>>();
  const add = (word: string, verdict: Verdict) => meanings.set(word, (meanings.get(word) ?? new Set()).add(verdict));
  for (const { words } of VERIFIERS) for (const [word, verdict] of Object.entries(words)) add(word, verdict);
  for (const state of STATES) add(state, state);
  for (const [word, state] of Object.entries(OTHER_WORDS)) add(word, state);
  const agreed = [...meanings].filter(([word, verdicts]) => verdicts.size === 1 && !/^\d+$/.test(word));
  return {
    name: "map",
    title: "the verifiers that are known",
    signatures: [],
    fields: {},
    words: Object.fromEntries(agreed.flatMap(([word, verdicts]) => [...verdicts].map((verdict) => [word, verdict]))),
  };
}

/** The states of the first generation of the documented service, and usual words of verifiers without a format here. */
const OTHER_WORDS: Readonly<Record<string, Verdict>> = {
  exists: "valid",
  not_exists: "invalid",
  good: "valid",
  verified: "valid",
  bad: "invalid",
  fail: "invalid",
  failed: "invalid",
  rejected: "invalid",
  bounce: "invalid",
  bounced: "invalid",
  syntax: "invalid_syntax",
  syntax_error: "invalid_syntax",
  temporary: "disposable_domain",
  unverifiable: "unknown",
  timeout: "unknown",
  greylisted: "unknown",
};

function isColumn(name: string): name is ColumnName {
  return COLUMN_NAMES.some((column) => column === name);
}

function unquote(text: string): string {
  return /^".*"$/.test(text) ? text.slice(1, -1).replaceAll('""', '"') : text;
}

const STATUS_NAMES = /^(status|result|state|verdict|validity|validation|verification|deliverability|quality)$/;
const SIMILAR_STATUS_NAMES = /status|result|state|verdict|valid|verif|deliver/;

/** The map that a file with unknown columns probably needs, with `COLUMN` where no name fits. */
export function guessColumnMap(names: readonly string[]): string {
  const normalized = names.map(normalizeName);
  const email = indexOf(normalized, [
    (name) => ADDRESS_NAMES.some((known) => known === name),
    (name) => name.includes("mail"),
  ]);
  const status = indexOf(normalized, [(name) => STATUS_NAMES.test(name), (name) => SIMILAR_STATUS_NAMES.test(name)]);
  return `email=${referenceTo(names, email)},status=${referenceTo(names, status)}`;
}

function indexOf(names: readonly string[], tests: readonly ((name: string) => boolean)[]): number {
  return tests.map((test) => names.findIndex(test)).find((index) => index >= 0) ?? -1;
}

function referenceTo(names: readonly string[], index: number): string {
  const name = names[index]?.trim();
  if (name === undefined) return "COLUMN";
  const isUnique = names.filter((other) => normalizeName(other) === normalizeName(name)).length === 1;
  return isUnique && !/[,="#(]/.test(name) ? name : `#${index + 1}`;
}
