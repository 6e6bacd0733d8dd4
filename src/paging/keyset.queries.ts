import { type SQL, sql } from "drizzle-orm";
import type { Stretch } from "./connection.ts";
import type { Position } from "./cursor.ts";

/** What is absent or null asks for nothing. */
export function ifGiven<T>(value: T | null | undefined, condition: (value: T) => SQL): SQL[] {
  return value === null || value === undefined ? [] : [condition(value)];
}

export function allOf(conditions: readonly SQL[]): SQL {
  return sql.join([...conditions], sql` and `);
}

/** By the row's values, not by how many came before: what is inserted or deleted meanwhile moves nothing. */
export function between(
  { after, before }: Pick<Stretch, "after" | "before">,
  { moment, id, isDescending }: { readonly moment: SQL; readonly id: SQL; readonly isDescending: boolean },
): SQL[] {
  const beyond = (isLater: boolean) => (position: Position) => {
    const comparison = isLater === isDescending ? sql`<` : sql`>`;
    return sql`(${moment}, ${id}) ${comparison} (${position.at}::timestamptz, ${position.id}::uuid)`;
  };
  return [...ifGiven(after, beyond(true)), ...ifGiven(before, beyond(false))];
}
