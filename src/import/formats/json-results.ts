import { normalizeName } from "./result-format.ts";

type JsonObject = Readonly<Record<string, unknown>>;

/** The keys under which the APIs of verifiers, and our own, return a list of results. */
const LISTS: readonly (readonly string[])[] = [
  ["results"],
  ["entries", "data"],
  ["entries"],
  ["jobs"],
  ["emails"],
  ["email_batch"],
  ["data"],
];
const MAX_DEPTH = 4;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns the list in the response of an API, or the object itself. Hunter returns one result under `data`. */
export function resultsIn(value: JsonObject): readonly unknown[] {
  for (const path of LISTS) {
    const found = path.reduce<unknown>((part, key) => (isObject(part) ? part[key] : undefined), value);
    if (Array.isArray(found)) return found;
  }
  const { data } = value;
  return isObject(data) &&
    (Object.hasOwn(data, "status") || Object.hasOwn(data, "result")) &&
    !("verification" in value)
    ? [data]
    : [value];
}

/** The values of an object by their paths: `{ "smtp": { "is_deliverable": true } }` has `smtp_is_deliverable`. */
export function flattenResult(value: JsonObject): Map<string, unknown> {
  const flat = new Map<string, unknown>();
  const add = (object: JsonObject, prefix: string, depth: number) => {
    for (const [key, member] of Object.entries(object)) {
      const name = `${prefix}${normalizeName(key)}`;
      if (isObject(member) && depth < MAX_DEPTH) add(member, `${name}_`, depth + 1);
      else if (!flat.has(name)) flat.set(name, Array.isArray(member) ? textOfList(member) : member);
    }
  };
  add(value, "", 0);
  return flat;
}

function textOfList(list: readonly unknown[]): string {
  return list.filter((member) => typeof member === "string" || typeof member === "number").join(", ");
}
