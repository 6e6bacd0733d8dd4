import { fillPlaceholders, type SQL } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import type { Sql } from "postgres";
import type { Deadline } from "../../values/deadline.ts";
import { BrokenResult } from "../faults.ts";
import { takePosition, withPosition } from "./position.queries.ts";
import type { NotePosition, Pool, TaskScope } from "./reads.ts";

/** A row's columns in the order of the selection. */
export type Row = readonly unknown[];

/**
 * Returns a function that runs a prepared read and returns arrays, because drizzle's mapping to objects is slow
 * (`docs/measurements/benchmarks.md`). The function fails as UNAVAILABLE or TIMEOUT within the deadline; its value `tasks`
 * names the tasks whose rows are read.
 */
export function prepareRows({ read }: Pool, statement: SQL) {
  const { sql: text, params } = new PgDialect().sqlToQuery(statement);
  const textWithPosition = withPosition(text);
  return (values: Values, deadline: Deadline): Promise<readonly Row[]> => {
    const filled = fillPlaceholders(params, values);
    return read(
      deadline,
      (sql, notePosition) =>
        notePosition === undefined
          ? wholeResult(sql, { text, params: filled, prepare: true })
          : resultWithPosition(sql, { text: textWithPosition, params: filled, prepare: true }, notePosition),
      values.tasks,
    );
  };
}

interface Values extends Readonly<Record<string, unknown>> {
  readonly tasks?: TaskScope;
}

interface Scope {
  readonly tasks: TaskScope;
  readonly deadline: Deadline;
}

/** Runs a statement that is built for one request and is therefore not prepared. */
export function queryRows({ read }: Pool, statement: SQL, { tasks, deadline }: Scope): Promise<readonly Row[]> {
  const { sql: text, params } = new PgDialect().sqlToQuery(statement);
  return read(
    deadline,
    (sql, notePosition) =>
      notePosition === undefined
        ? wholeResult(sql, { text, params, prepare: false })
        : resultWithPosition(sql, { text: withPosition(text), params, prepare: false }, notePosition),
    tasks,
  );
}

interface Query {
  readonly text: string;
  readonly params: unknown[];
  readonly prepare: boolean;
}

async function resultWithPosition(sql: Sql, query: Query, notePosition: NotePosition): Promise<readonly Row[]> {
  const rows = await wholeResult(sql, query);
  notePosition(takePosition(rows));
  return rows;
}

async function wholeResult(sql: Sql, { text, params, prepare }: Query): Promise<Row[]> {
  const rows = await sql.unsafe(text, params as never[], { prepare }).values();
  // Without its patches the driver can lose rows (`docs/decisions/driver-repairs.md`).
  if (rows.length !== rows.count) throw new BrokenResult("rows are missing from a result");
  return rows;
}
