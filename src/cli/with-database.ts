import { openEmbeddedPostgres } from "#embedded-postgres";
import { readConfig } from "../config.ts";
import { type OpenDatabase, openDatabase } from "../db/client.ts";
import { describeDatabase } from "../db/connection-url.ts";
import { describeDatabaseFault } from "../db/faults.ts";
import { applyMigrations } from "../db/migrate.ts";

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
    const fault = describeDatabaseFault(error, describeDatabase(url));
    throw fault === null ? error : new Error(fault);
  } finally {
    await embedded?.stop();
  }
}
