import { shown } from "../message-text.ts";
import type { Cells, RowFault } from "../result-row.ts";
import { type DateRules, readVerifierDate } from "./read-date.ts";
import { type Field, normalizeName, type ResultFormat, STATES, type State, type Verdict } from "./result-format.ts";

/** Own columns that no verifier has, which `--map` can name. */
export const PASSED_COLUMNS = [
  "id",
  "email_address",
  "has_reverse_dns",
  "needs_physical_verify",
  "job_status",
  "job_created_at",
  "job_updated_at",
] as const;
export type SourceField = Field | (typeof PASSED_COLUMNS)[number];

export interface Conversion {
  readonly format: ResultFormat;
  /** The meanings that `--status-word` gives, which take precedence. */
  readonly words: ReadonlyMap<string, State>;
  readonly isUtcByDefault: boolean;
}

/** Returns the cell of a field. */
export type Lookup = (field: SourceField) => unknown;

/** The words of all verifiers together would be 2 KB in the reason of every bad row. */
const MAX_NAMED_WORDS = 12;
const TRUE_WORDS = new Set(["true", "t", "1", "yes", "y"]);
const FALSE_WORDS = new Set(["false", "f", "0", "no", "n", "", "unknown", "null", "none", "n_a"]);

/** Converts one row of a verifier. Values that cannot be converted stay as they are, so that the row's check reports them. */
export function convertResult({ format, words, isUtcByDefault }: Conversion, lookup: Lookup): Cells | RowFault {
  const cells: Cells = { email: lookup("email") };
  for (const column of PASSED_COLUMNS) {
    const cell = lookup(column);
    if (cell !== undefined) cells[column] = cell;
  }
  const ownWord = [textOf(lookup("status")), textOf(lookup("status_detail"))].filter((text) => text !== "").join(" ");
  if (ownWord === "") return cells;
  const key = normalizeName(ownWord);
  const reason = textOf(lookup("reason"));
  const given = words.get(key);
  const verdict = given ?? (Object.hasOwn(format.words, key) ? format.words[key] : undefined);
  if (verdict === undefined) return { column: "status", reason: unknownWord(ownWord, format) };

  const meanings = reason.split(",").map((part) => format.reasons?.[normalizeName(part)] ?? {});
  const flag = (field: "is_role_based" | "is_disposable" | "is_catchall") =>
    meanings.some((meaning) => meaning[field] === true) ? true : readFlag(lookup(field));
  const flags = {
    is_role_based: flag("is_role_based"),
    is_disposable: flag("is_disposable"),
    is_catchall: flag("is_catchall"),
  };
  const reasonState = meanings.find(({ state }) => state !== undefined)?.state;
  const status = given ?? stateOf(verdict, { reasonState, flags, lookup });
  const host = firstOf(lookup("host_name")).replace(/\.$/, "");
  const date = readDate(lookup("validated_at"), { isUtcByDefault, slashDates: format.slashDates });
  if (isFault(date)) return date;
  return {
    ...cells,
    ...flags,
    status,
    is_disposable: status === "disposable_domain" ? true : flags.is_disposable,
    is_catchall: status === "catchall" ? true : flags.is_catchall,
    has_mx_records: meanings.some((meaning) => meaning.has_mx_records) || hasMxRecords(lookup, host),
    domain_name: textOf(lookup("domain_name")),
    host_name: host,
    server_type: textOf(lookup("server_type")),
    unknown_reason: keptWords(ownWord, { status, reason }),
    validated_at: date,
  };
}

interface RowEvidence {
  readonly reasonState: State | undefined;
  readonly flags: { readonly is_role_based: unknown; readonly is_disposable: unknown; readonly is_catchall: unknown };
  readonly lookup: Lookup;
}

/** The most specific state that the row proves, which is never better than the verifier's own verdict. */
function stateOf(verdict: Verdict, { reasonState, flags, lookup }: RowEvidence): State {
  if (verdict === "valid" || verdict === "disposable_domain") return verdict;
  if (reasonState !== undefined) return reasonState;
  if (verdict === "invalid" && readFlag(lookup("is_valid_syntax")) === false) return "invalid_syntax";
  if (verdict !== "risky") return verdict;
  if (flags.is_disposable === true) return "disposable_domain";
  if (flags.is_catchall === true) return "catchall";
  // A shared mailbox is a risk, but the mail server accepted it.
  return flags.is_role_based === true && readFlag(lookup("is_deliverable")) === true ? "valid" : "unknown";
}

/** The verifier's own word, unless `status` is that word, and its reason. */
function keptWords(ownWord: string, { status, reason }: { status: State; reason: string }): string {
  const parts = ownWord.toLowerCase() === status ? [reason] : [ownWord, reason];
  return [...new Set(parts.filter((part) => part !== ""))].join(": ");
}

function hasMxRecords(lookup: Lookup, host: string): unknown {
  const flag = readFlag(lookup("has_mx_records"));
  if (flag !== undefined && flag !== "") return flag;
  const type = textOf(lookup("mx_type"));
  return type === "" ? host !== "" : type.toLowerCase() === "mx";
}

function readDate(cell: unknown, rules: DateRules): unknown {
  if (typeof cell !== "string" || cell.trim() === "") return cell;
  const date = readVerifierDate(cell, rules);
  return typeof date === "string" ? date : { column: "validated_at", reason: `${shown(cell)} ${date.reason}` };
}

function isFault(date: unknown): date is RowFault {
  return typeof date === "object" && date !== null && "reason" in date;
}

/** Returns undefined for an absent flag, and an unknown word unchanged. */
function readFlag(cell: unknown): unknown {
  if (cell === undefined || cell === null || typeof cell === "boolean") return cell ?? undefined;
  const word = normalizeName(String(cell));
  if (TRUE_WORDS.has(word)) return true;
  return FALSE_WORDS.has(word) ? false : cell;
}

function unknownWord(word: string, { title, words }: ResultFormat): string {
  const all = Object.keys(words);
  const known = [...all.slice(0, MAX_NAMED_WORDS), ...(all.length > MAX_NAMED_WORDS ? ["…"] : [])].join(", ");
  const remedy = `say what it means with --status-word, such as --status-word ${placeholderOf(word)}=unknown`;
  return `${shown(word)} is not a status word of ${title}, which are ${known}; ${remedy} (${STATES.join(", ")})`;
}

/** The word itself, if a shell takes it without quotes. */
function placeholderOf(word: string): string {
  const name = word.includes("@") ? "" : normalizeName(word);
  return /^[a-z0-9_]{1,60}$/.test(name) ? name : "WORD";
}

function firstOf(cell: unknown): string {
  return textOf(cell).split(/[,\s]/)[0] ?? "";
}

function textOf(cell: unknown): string {
  if (typeof cell === "string") return cell.trim();
  return typeof cell === "number" || typeof cell === "boolean" ? String(cell) : "";
}
