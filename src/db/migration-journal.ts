import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Sql } from "postgres";
import { isMissingObject } from "./faults.ts";

/** This relative path is right both from `src/db` and from `dist/db`. */
export const MIGRATIONS_DIR = fileURLToPath(new URL("../../drizzle", import.meta.url));

/** Differs from drizzle's default table, because another application in the same database may use that one. */
export const JOURNAL = { schema: "public", table: "task_jobs_api_migrations" } as const;

interface Migration {
  readonly tag: string;
  readonly when: number;
}

const migrations = readMigrations();

/** The time of the newest migration that this program contains. */
export const NEWEST_MIGRATION = Math.max(...migrations.map((migration) => migration.when));

export function countPendingMigrations(newestApplied: number): number {
  return migrations.filter(({ when }) => when > newestApplied).length;
}

/** The time of the newest migration that was applied to the database, or 0. */
export async function readNewestMigration(sql: Sql): Promise<number> {
  try {
    const [newest] = await sql`select max(created_at) as at from public.task_jobs_api_migrations`;
    return Number(newest?.at ?? 0);
  } catch (error) {
    if (isMissingObject(error)) return 0;
    throw error;
  }
}

/**
 * Copies our rows and the SELECT grants from drizzle's default table, where earlier releases kept their migrations.
 * The old table stays, because instances of the earlier release still read it.
 */
export async function adoptJournal(sql: Sql): Promise<void> {
  const [found] = await sql`
    select exists (select from pg_tables where schemaname = ${JOURNAL.schema} and tablename = ${JOURNAL.table}) as is_there,
      exists (
        select from pg_class old join pg_namespace schema on schema.oid = old.relnamespace
        where nspname = 'drizzle' and relname = '__drizzle_migrations'
          and has_schema_privilege(schema.oid, 'usage') and has_table_privilege(old.oid, 'select')
      ) as has_old`;
  if (found?.is_there || !found?.has_old) return;
  await sql.begin(async (tx) => {
    const hashes = `{${migrations.flatMap(hashesOf).join(",")}}`;
    const ours = await tx`
      select hash, created_at from drizzle.__drizzle_migrations where hash = any(${hashes}::text[]) order by created_at`;
    if (ours.length === 0) return;
    await tx`
      create table public.task_jobs_api_migrations (id serial primary key, hash text not null, created_at bigint)`;
    await tx`insert into public.task_jobs_api_migrations ${tx(ours, "hash", "created_at")}`;
    await tx`
      do $$ declare grantee text; begin
        for grantee in
          select case when acl.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(acl.grantee)) end
          from pg_class, aclexplode(relacl) acl
          where oid = 'drizzle.__drizzle_migrations'::regclass and privilege_type = 'SELECT'
        loop
          execute format('grant select on public.task_jobs_api_migrations to %s', grantee);
        end loop;
      end $$`.simple();
  });
}

/** The hashes of the file with LF and with CRLF, because a checkout on Windows may have applied the file with CRLF. */
function hashesOf({ tag }: Migration): string[] {
  const text = readFileSync(`${MIGRATIONS_DIR}/${tag}.sql`, "utf8").replaceAll("\r\n", "\n");
  return [text, text.replaceAll("\n", "\r\n")].map((content) => createHash("sha256").update(content).digest("hex"));
}

function readMigrations(): readonly Migration[] {
  const journal: { entries: Migration[] } = JSON.parse(readFileSync(`${MIGRATIONS_DIR}/meta/_journal.json`, "utf8"));
  return journal.entries;
}
