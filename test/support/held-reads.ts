import type { Sql } from "../../src/db/client.ts";

/**
 * Makes every read of a table wait until `release` is called, and then replaces the table again by `restore`. A table lock
 * would not do, because lock_timeout is 500 ms.
 */
export async function holdReadsOf(sql: Sql, table: string) {
  await sql.unsafe(`
    create table gate (opened_at timestamptz);
    create function wait_for_gate() returns boolean language plpgsql as $$
      begin
        while not exists (select from gate) loop perform pg_sleep(0.02); end loop;
        return true;
      end $$;
    alter table ${table} rename to stored_${table};
    create view ${table} as select * from stored_${table} where (select wait_for_gate());
  `);
  return {
    release: () => sql`insert into gate values (now())`,
    restore: () => sql.unsafe(`drop view ${table}; alter table stored_${table} rename to ${table}`),
  };
}
