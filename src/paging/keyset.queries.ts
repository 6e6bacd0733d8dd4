import { type SQL, sql } from "drizzle-orm";
import { uuidArray } from "../values/array-literal.ts";
import type { PageRange } from "./connection.ts";
import type { Position } from "./cursor.ts";

/** A value that is absent or null has no condition. */
export function ifGiven<T>(value: T | null | undefined, condition: (value: T) => SQL): SQL[] {
  return value === null || value === undefined ? [] : [condition(value)];
}

export function allOf(conditions: readonly SQL[]): SQL {
  return sql.join([...conditions], sql` and `);
}

/** A single id is compared with `=`, because Citus does not reduce an array of one task to the shard of that task. */
export function isOneOf(column: SQL, ids: readonly string[]): SQL {
  return ids.length === 1 ? sql`${column} = ${ids[0]}` : sql`${column} = any(${uuidArray(ids)}::uuid[])`;
}

/** Compares the values of the rows, so that inserted or deleted rows do not move the others to another page. */
export function between(
  { after, before }: Pick<PageRange, "after" | "before">,
  { timestamp, id, isDescending }: { readonly timestamp: SQL; readonly id: SQL; readonly isDescending: boolean },
): SQL[] {
  const beyond = (isLater: boolean) => (position: Position) => {
    const comparison = isLater === isDescending ? sql`<` : sql`>`;
    return sql`(${timestamp}, ${id}) ${comparison} (${position.at}::timestamptz, ${position.id}::uuid)`;
  };
  return [...ifGiven(after, beyond(true)), ...ifGiven(before, beyond(false))];
}
