import { fillPlaceholders, type SQL } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import type { Deadline } from "../deadline.ts";
import type { OpenDatabase } from "./client.ts";
import { BrokenResult } from "./faults.ts";

/** A row's columns in the order of the selection. */
export type Row = readonly unknown[];

/**
 * Prepares a read and gives its rows as they come: drizzle's mapping to objects costs more than all the rest of a page of
 * 100 (0.5 ms). Fails as UNAVAILABLE or TIMEOUT within the deadline.
 */
export function prepareRows({ sql, read }: OpenDatabase, statement: SQL) {
  const { sql: text, params } = new PgDialect().sqlToQuery(statement);

  return (values: Readonly<Record<string, unknown>>, deadline: Deadline): Promise<readonly Row[]> =>
    read(deadline, async () => {
      const rows = await sql.unsafe(text, fillPlaceholders(params, values) as never[], { prepare: true }).values();
      // What a broken driver would do to a result; the repaired one does not (docs/decisions/driver-repairs.md).
      if (rows.length !== rows.count) throw new BrokenResult("rows are missing from a result");
      return rows;
    });
}
