import type postgres from "postgres";

/** The number of statements that wait for a lock in this database. Other tests share the server and lock tables of theirs. */
export async function waitingStatements(sql: postgres.Sql | postgres.TransactionSql): Promise<number> {
  // Without this, PostgreSQL repeats the result of the first such query of a transaction.
  await sql`select pg_stat_clear_snapshot()`;
  const waiting = await sql`select from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`;
  return waiting.length;
}
