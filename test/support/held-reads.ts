import type { Sql } from "../../src/db/client.ts";

/**
 * Makes every read of a table wait until `release` is called. `restore` undoes the change afterwards. A lock on the table would
 * not suffice, because the reads fail after 500 ms (`lock_timeout`).
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
    /** The number of reads that wait. */
    async countHeld(): Promise<number> {
      const [row] = await sql`
        select count(*)::int as held from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and state = 'active' and query ~ ${table}`;
      return row?.held as number;
    },
    release: () => sql`insert into gate values (now())`,
    restore: () =>
      sql.unsafe(`
        drop view ${table};
        alter table stored_${table} rename to ${table};
        drop function wait_for_gate;
        drop table gate;
      `),
  };
}
