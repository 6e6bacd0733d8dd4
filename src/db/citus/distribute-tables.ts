import type postgres from "postgres";
import type { Sql } from "postgres";
import { MIGRATION_LOCK_ID } from "../migrate.ts";
import { CITUS_TABLES, DISTRIBUTED_TABLES, REFERENCE_TABLES } from "./cluster.queries.ts";

type Transaction = postgres.TransactionSql;

/** The primary key of the jobs on Citus, which requires the task in it. The id comes first, so that a lookup by id uses it. */
const JOBS_KEY = "alter table public.task_email_jobs add constraint task_email_jobs_pkey primary key (id, task_id)";

/** While the command waits for its lock, requests fail, because their locks wait behind it. */
const LOCK_TIMEOUT = "30s";

interface Definition {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

interface Definitions {
  readonly triggers: readonly (Definition & { readonly isOnTruncate: boolean })[];
  readonly foreignKeys: readonly Definition[];
}

/**
 * Distributes the tables in one transaction, so that an interruption changes nothing. Triggers and foreign keys are
 * created again at the end, because the copy of the rows would fire the triggers, and Citus accepts a foreign key only between
 * tables that are distributed already.
 */
export async function distributeTables(sql: Sql, shards: number, report: (what: string) => void): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`
      select set_config('citus.enable_unsafe_triggers', 'on', true), set_config('citus.shard_count', ${String(shards)}, true),
        set_config('citus.multi_shard_modify_mode', 'sequential', true), set_config('search_path', 'public', true)`;
    // PostgreSQL then ends the transaction soon after this program was killed. It accepts the setting only on some systems.
    await tx`select set_config('client_connection_check_interval', '1s', true) where version() ~ 'linux'`;
    await tx`select pg_advisory_xact_lock(${MIGRATION_LOCK_ID})`;
    await tx`select set_config('lock_timeout', ${LOCK_TIMEOUT}, true)`;
    await tx.unsafe(`lock table ${CITUS_TABLES.map((name) => `public.${name}`).join(", ")} in access exclusive mode`);
    const definitions = await prepareTables(tx);
    for (const { name, column } of DISTRIBUTED_TABLES) {
      report(`distribute ${name} by ${column}`);
      await tx`select create_distributed_table(${`public.${name}`}, ${column}, colocate_with => ${name === "tasks" ? "none" : "public.tasks"})`;
    }
    for (const name of REFERENCE_TABLES) {
      report(`copy ${name} to every node`);
      await tx`select create_reference_table(${`public.${name}`})`;
    }
    await restore(tx, definitions);
  });
}

/** Brings the tables into a form that Citus can distribute, with SQL that PostgreSQL without Citus runs as well. */
export async function prepareTables(tx: Transaction): Promise<Definitions> {
  const definitions = { triggers: await readTriggers(tx), foreignKeys: await readForeignKeys(tx) };
  for (const { table, name } of definitions.triggers) await tx`drop trigger ${tx(name)} on ${tx(table)}`;
  for (const { table, name } of definitions.foreignKeys) await tx`alter table ${tx(table)} drop constraint ${tx(name)}`;
  const [key] = await tx`
    select 1 from pg_constraint join pg_attribute on attrelid = conrelid and attnum = any(conkey)
    where conrelid = 'public.task_email_jobs'::regclass and contype = 'p' and attname = 'task_id'`;
  if (key === undefined) {
    await tx`alter table public.task_email_jobs drop constraint task_email_jobs_pkey`;
    await tx.unsafe(JOBS_KEY);
  }
  return definitions;
}

/** Citus refuses triggers on TRUNCATE of a distributed table. `npm run doctor` corrects the totals after a TRUNCATE. */
async function restore(tx: Transaction, { triggers, foreignKeys }: Definitions): Promise<void> {
  for (const { table, name, definition } of foreignKeys) {
    await tx.unsafe(`alter table public.${table} add constraint "${name}" ${definition}`);
  }
  for (const { definition, isOnTruncate } of triggers) if (!isOnTruncate) await tx.unsafe(definition);
}

const TABLE_LIST = `{${CITUS_TABLES.map((name) => `public.${name}`).join(",")}}`;

async function readTriggers(tx: Transaction): Promise<Definitions["triggers"]> {
  const rows = await tx`
    select relname, tgname, pg_get_triggerdef(pg_trigger.oid) as definition, tgtype & 32 <> 0 as is_on_truncate
    from pg_trigger join pg_class on pg_class.oid = tgrelid
    where tgrelid = any(${TABLE_LIST}::regclass[]) and not tgisinternal order by relname, tgname`;
  return rows.map((row) => ({
    table: row.relname,
    name: row.tgname,
    definition: row.definition,
    isOnTruncate: row.is_on_truncate,
  }));
}

async function readForeignKeys(tx: Transaction): Promise<Definition[]> {
  const rows = await tx`
    select relname, conname, pg_get_constraintdef(pg_constraint.oid) as definition
    from pg_constraint join pg_class on pg_class.oid = conrelid
    where contype = 'f' and conparentid = 0 and conrelid = any(${TABLE_LIST}::regclass[]) order by relname, conname`;
  return rows.map((row) => ({ table: row.relname, name: row.conname, definition: row.definition }));
}
