import { drizzle } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import postgres from "postgres";
import { readConnectionUrl } from "./connection-url.ts";
import { driverOptions } from "./driver-options.ts";
import { UnusableDatabase } from "./faults.ts";
import { adoptJournal, JOURNAL, MIGRATIONS_DIR } from "./migration-journal.ts";
import { serversOf, targetOfWrites } from "./servers/create-servers.ts";

/** An arbitrary constant, equal in every instance. drizzle's migrator takes no lock of its own. */
export const MIGRATION_LOCK_ID = 4_207_311_902;

/** The longest wait for the primary of several servers, which a failover may be replacing. */
const MAX_PATIENCE_MS = 5000;

/** Applies the pending migrations. If several instances call it at once, one migrates while the others wait. */
export async function applyMigrations(url: string, connectTimeoutSeconds = 10): Promise<void> {
  const { settings } = readConnectionUrl(url);
  const timeoutMs = connectTimeoutSeconds * 1000;
  const servers = serversOf(settings, {
    target: targetOfWrites(settings),
    patienceMs: Math.min(timeoutMs, MAX_PATIENCE_MS),
  });
  const sql = postgres({
    // No limit: another process may hold the migration lock, and a migration of a large table takes minutes.
    ...driverOptions(settings, { silenceMs: null, timeoutMs, servers }),
    max: 1,
    prepare: settings.preparedStatements,
    connection: settings.options === undefined ? {} : { options: settings.options },
    fetch_types: false,
    onnotice: () => {},
    connect_timeout: connectTimeoutSeconds,
  });
  try {
    await checkEncoding(sql);
    await sql`select pg_advisory_lock(${MIGRATION_LOCK_ID})`;
    // Migrations name no schema, so the role's own search_path would decide where the tables are created.
    await sql`set search_path to public, pg_temp`;
    // Citus runs a migration of several tables only in this mode. PostgreSQL without Citus accepts the settings, too.
    await sql`
      select set_config('citus.multi_shard_modify_mode', 'sequential', false),
        set_config('citus.enable_unsafe_triggers', 'on', false)`;
    await adoptJournal(sql);
    await migrate(drizzle(sql), {
      migrationsFolder: MIGRATIONS_DIR,
      migrationsSchema: JOURNAL.schema,
      migrationsTable: JOURNAL.table,
    });
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** Only UTF8 can store and search every text that callers may send. */
async function checkEncoding(sql: postgres.Sql): Promise<void> {
  const [row] = await sql`select current_setting('server_encoding') as encoding, current_database() as name`;
  if (row?.encoding === "UTF8") return;
  throw new UnusableDatabase(
    `The database ${row?.name} has the encoding ${row?.encoding}, but must have UTF8. Create another database with ` +
      `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and restore a dump of this one into it.`,
  );
}
