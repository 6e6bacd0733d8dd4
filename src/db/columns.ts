import { getTableColumns, type InferSelectModel, type SQL, sql, type Table } from "drizzle-orm";
import { toSnakeCase } from "drizzle-orm/casing";
import type { Row } from "./reads/prepare-rows.ts";

type NameOf<T extends Table> = keyof InferSelectModel<T> & string;

/** Some columns of a table: their SQL list, and the reader of the rows that this list selects. */
export interface Columns<RowObject> {
  readonly sql: SQL;
  /** The same list with a table alias, `alias.column`. */
  readonly of: (alias: string) => SQL;
  readonly length: number;
  /** Reads the columns from `start` on, for a row that has other columns in front of them. */
  readonly read: (row: Row, start?: number) => RowObject;
}

/** The names are those of the drizzle schema, in the order in which they are selected. */
export function columnsOf<T extends Table, Name extends NameOf<T>>(
  table: T,
  names: readonly Name[],
): Columns<Pick<InferSelectModel<T>, Name>> {
  const columns = getTableColumns(table);
  const list = (prefix: string) =>
    sql.raw(names.map((name) => prefix + toSnakeCase(columns[name]?.name ?? name)).join(", "));
  // Generated, because V8 fills an object literal five times as fast as it assigns properties in a loop.
  const values = names.map((name, index) => `${name}: row[start + ${index}]`);
  const read = new Function("row", "start = 0", `return { ${values.join(", ")} };`);
  return {
    sql: list(""),
    of: (alias) => list(`${alias}.`),
    length: names.length,
    read: read as Columns<Pick<InferSelectModel<T>, Name>>["read"],
  };
}
