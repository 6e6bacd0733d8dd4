import { suggestionList } from "graphql/jsutils/suggestionList.js";
import type { FieldFault } from "../errors.ts";
import { notTogetherWith } from "./connection.ts";

/** Aliases of the timestamp parameters. Every path accepts every alias, so that callers need not remember which path accepts which. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  created_from: ["created_after"],
  created_to: ["created_before"],
  updated_since: ["updated_from", "updated_after"],
  updated_to: ["updated_before"],
};

export const ONCE_RULE = "must not be given more than once";

/** No known name is this long. A longer name is shortened in the error and gets no suggestion. */
const MAX_NAME_LENGTH = 64;

/** Returns the name and its aliases. */
export function spellingsOf(name: string): readonly string[] {
  return [name, ...(ALIASES[name] ?? [])];
}

/** Returns the spelling of this parameter in the query, and a fault for every other spelling of it in the same query. */
export function spellingIn(query: URLSearchParams, name: string): { given: string | undefined; faults: FieldFault[] } {
  const [given, ...others] = spellingsOf(name).filter((spelling) => query.has(spelling));
  return { given, faults: others.map((field) => ({ field, reason: notTogetherWith(given ?? name) })) };
}

/** Returns `status` for `status[]` and `status[0]`, which axios, PHP, Rails, jQuery and qs send for a list, and null for any other form. */
export function bracketedNameIn(name: string): string | null {
  return /^(\w+)\[\d*\]$/.exec(name)?.[1] ?? null;
}

/** Returns the name before the first bracket: `status` for `status[a]` and `status[0][b]`. */
export function nameBeforeBracket(name: string): string {
  return name.split("[", 1)[0] ?? name;
}

export function faultOfUnknown(name: string, known: readonly string[]): FieldFault {
  if (name.length > MAX_NAME_LENGTH) return { field: `${name.slice(0, MAX_NAME_LENGTH)}…`, reason: UNKNOWN_RULE };
  const [nearest] = suggestionList(nameBeforeBracket(name), known);
  return { field: name, reason: nearest === undefined ? UNKNOWN_RULE : `${UNKNOWN_RULE}; did you mean ${nearest}?` };
}

const UNKNOWN_RULE = "is not a parameter of this path";
