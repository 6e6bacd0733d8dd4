import type postgres from "postgres";

/** Locks a table, so that every statement that uses it waits until the returned function is called. */
export async function lockTable(sql: postgres.Sql, table: string): Promise<() => Promise<void>> {
  // The driver can reserve a connection only if the pool has one.
  await sql`select 1`;
  const connection = await sql.reserve();
  await connection`begin`;
  await connection`lock table ${connection(table)} in access exclusive mode`;
  return async () => {
    await connection`commit`;
    connection.release();
  };
}
