import { type SQL, sql } from "drizzle-orm";
import type { PageRange } from "./connection.ts";
import type { Position } from "./cursor.ts";

/** A value that is absent or null has no condition. */
export function ifGiven<T>(value: T | null | undefined, condition: (value: T) => SQL): SQL[] {
  return value === null || value === undefined ? [] : [condition(value)];
}

export function allOf(conditions: readonly SQL[]): SQL {
  return sql.join([...conditions], sql` and `);
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
