import { fillPlaceholders, type SQL } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import type { Deadline } from "../values/deadline.ts";
import type { Pool, Sql } from "./client.ts";
import { BrokenResult } from "./faults.ts";

/** A row's columns in the order of the selection. */
export type Row = readonly unknown[];

/**
 * Returns a function that runs a prepared read. It returns arrays, because drizzle's mapping to objects is slow
 * (`docs/measurements/benchmarks.md`). It fails as UNAVAILABLE or TIMEOUT within the deadline.
 */
export function prepareRows({ sql, read }: Pool, statement: SQL) {
  const { sql: text, params } = new PgDialect().sqlToQuery(statement);
  return (values: Readonly<Record<string, unknown>>, deadline: Deadline): Promise<readonly Row[]> =>
    read(deadline, () => wholeResult(sql, { text, params: fillPlaceholders(params, values), prepare: true }));
}

/** Runs a statement that is built for one request and is therefore not prepared. */
export function queryRows({ sql, read }: Pool, statement: SQL, deadline: Deadline): Promise<readonly Row[]> {
  const { sql: text, params } = new PgDialect().sqlToQuery(statement);
  return read(deadline, () => wholeResult(sql, { text, params, prepare: false }));
}

interface Query {
  readonly text: string;
  readonly params: unknown[];
  readonly prepare: boolean;
}

async function wholeResult(sql: Sql, { text, params, prepare }: Query): Promise<readonly Row[]> {
  const rows = await sql.unsafe(text, params as never[], { prepare }).values();
  // Without its patches the driver can lose rows (`docs/decisions/driver-repairs.md`).
  if (rows.length !== rows.count) throw new BrokenResult("rows are missing from a result");
  return rows;
}
