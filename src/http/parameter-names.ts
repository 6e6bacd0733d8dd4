import { suggestionList } from "graphql/jsutils/suggestionList.js";
import { notTogetherWith } from "../connection.ts";
import type { FieldFault } from "../errors.ts";

/** Other names of the moments. All paths accept all of them, so that no caller has to remember which path takes which. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  created_from: ["created_after"],
  created_to: ["created_before"],
  updated_since: ["updated_from", "updated_after"],
  updated_to: ["updated_before"],
};

/** Longer than any name of ours. A longer one is shortened in the error, and gets no suggestion. */
const MAX_NAME_LENGTH = 64;

/** The name and its aliases. */
export function spellingsOf(name: string): readonly string[] {
  return [name, ...(ALIASES[name] ?? [])];
}

/** The spelling that a query uses, and a fault for each further one. */
export function spellingIn(query: URLSearchParams, name: string): { given: string | undefined; faults: FieldFault[] } {
  const [given, ...others] = spellingsOf(name).filter((spelling) => query.has(spelling));
  return { given, faults: others.map((field) => ({ field, reason: notTogetherWith(given ?? name) })) };
}

/** `status[]` and `status[0]` are how axios, PHP, Rails, jQuery and qs write the list `status`. Null for any other form. */
export function bracketedNameIn(name: string): string | null {
  return /^(\w+)\[\d*\]$/.exec(name)?.[1] ?? null;
}

export function faultOfUnknown(name: string, known: readonly string[]): FieldFault {
  if (name.length > MAX_NAME_LENGTH) return { field: `${name.slice(0, MAX_NAME_LENGTH)}…`, reason: NOT_KNOWN };
  const [nearest] = suggestionList(bracketedNameIn(name) ?? name, known);
  return { field: name, reason: nearest === undefined ? NOT_KNOWN : `${NOT_KNOWN}; did you mean ${nearest}?` };
}

const NOT_KNOWN = "is not a parameter of this path";
