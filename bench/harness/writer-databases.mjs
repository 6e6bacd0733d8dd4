import { connect, withConnection } from "./database.mjs";

/** @import { Bench } from "../types.ts" */

/** @typedef {{ name: string, sql: import("postgres").Sql }} Side */

const OURS = "bench_writers_ours";
const PLAIN = "bench_writers_plain";

/**
 * Creates two copies of the database for writes: one without the triggers of this service, and one with them. `close` removes them.
 * Autovacuum is off, because it might run in only one of them.
 * @param {Bench} bench
 * @param {{ connections: number }} options
 */
export async function openWriterDatabases(bench, { connections }) {
  const names = [OURS, PLAIN];
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
  /** @type {Side[]} */
  const sides = [
    { name: "without triggers", sql: await open(PLAIN) },
    { name: "ours", sql: await open(OURS) },
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
