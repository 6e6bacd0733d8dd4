import { fillPlaceholders, type SQL } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import type { Deadline } from "../values/deadline.ts";
import type { Pool, Sql } from "./client.ts";
import { BrokenResult } from "./faults.ts";

/** A row's columns in the order of the selection. */
export type Row = readonly unknown[];

/**
 * Prepares a read and gives its rows as they come: drizzle's mapping to objects costs more than all the rest of a page of
 * 100 (0.5 ms). Fails as UNAVAILABLE or TIMEOUT within the deadline.
 */
export function prepareRows({ sql, read }: Pool, statement: SQL) {
  const { sql: text, params } = new PgDialect().sqlToQuery(statement);
  return (values: Readonly<Record<string, unknown>>, deadline: Deadline): Promise<readonly Row[]> =>
    read(deadline, () => wholeResult(sql, text, fillPlaceholders(params, values), true));
}

/** The same for a statement that is made for one request. */
export function queryRows({ sql, read }: Pool, statement: SQL, deadline: Deadline): Promise<readonly Row[]> {
  const { sql: text, params } = new PgDialect().sqlToQuery(statement);
  return read(deadline, () => wholeResult(sql, text, params, false));
}

async function wholeResult(sql: Sql, text: string, params: unknown[], prepare: boolean): Promise<readonly Row[]> {
  const rows = await sql.unsafe(text, params as never[], { prepare }).values();
  // What a broken driver would do to a result; the repaired one does not (docs/decisions/driver-repairs.md).
  if (rows.length !== rows.count) throw new BrokenResult("rows are missing from a result");
  return rows;
}
