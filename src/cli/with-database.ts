import { openEmbeddedPostgres } from "#embedded-postgres";
import { readConfig } from "../config.ts";
import { type OpenDatabase, openDatabase } from "../db/client.ts";
import { describeDatabase } from "../db/connection-url.ts";
import { describeDatabaseFault, isTransient } from "../db/faults.ts";
import { applyMigrations } from "../db/migrate.ts";

const SERVER_STOPPED =
  "The embedded PostgreSQL was stopped together with the server that ran it. Run the command again: it starts the database if no server is running.";

/**
 * Runs the work of a command on the database that the server would use: DATABASE_URL or the embedded database. If no
 * server is running, the embedded database is started for the duration of the command.
 */
export async function withDatabase<T>(work: (database: OpenDatabase) => Promise<T>): Promise<T> {
  const config = readConfig(process.env);
  const embedded =
    config.databaseUrl === null ? await openEmbeddedPostgres({ dataDir: config.dataDir, mode: "join" }) : null;
  const url = config.databaseUrl ?? embedded?.url ?? "";
  try {
    if (config.migrateAtStart) await applyMigrations(url);
    const database = openDatabase({
      url,
      maxConnections: 2,
      preparedStatements: config.preparedStatements,
      applicationName: "task-jobs-cli",
    });
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  } catch (error) {
    if (embedded?.attached && isTransient(error)) throw new Error(SERVER_STOPPED);
    const fault = describeDatabaseFault(error, describeDatabase(url));
    throw fault === null ? error : new Error(fault);
  } finally {
    await embedded?.stop();
  }
}
