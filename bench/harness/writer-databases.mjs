import { connect, withConnection } from "./database.mjs";

const COUNTED = "bench_writers_counted";
const PLAIN = "bench_writers_plain";

/**
 * Two copies of the million jobs for writes, one with the triggers of this service and one without; `close` removes them.
 * Autovacuum is off, because it might run in only one of them.
 */
export async function openWriterDatabases(bench, { connections }) {
  const names = [COUNTED, PLAIN];
  const original = new URL(bench.url).pathname.slice(1);
  const asAdmin = (work) => withConnection(bench.database.urlOf("postgres"), work);
  const removeCopies = (admin) =>
    Promise.all(names.map((name) => admin`drop database if exists ${admin(name)} with (force)`));

  await asAdmin(async (admin) => {
    await removeCopies(admin);
    for (const name of names) {
      await admin`create database ${admin(name)} template ${admin(original)} strategy file_copy`;
    }
  });
  await withConnection(bench.database.urlOf(PLAIN), dropTriggers);
  const open = async (name) => {
    const sql = connect(bench.database.urlOf(name), { max: connections });
    await sql`alter table task_email_jobs set (autovacuum_enabled = off)`;
    return sql;
  };
  const sides = [
    { name: "without our triggers", sql: await open(PLAIN) },
    { name: "ours", sql: await open(COUNTED) },
  ];
  return {
    sides,
    close: async () => {
      for (const { sql } of sides) await sql.end({ timeout: 5 });
      await asAdmin(removeCopies);
    },
  };
}

async function dropTriggers(sql) {
  const triggers = await sql`
    select tgname as name, tgrelid::regclass::text as table_name from pg_trigger where not tgisinternal`;
  for (const { name, table_name } of triggers) await sql`drop trigger ${sql(name)} on ${sql(table_name)}`;
}
