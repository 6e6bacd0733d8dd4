import type { Config } from "./config.ts";
import { openDatabase } from "./db/client.ts";
import { applyMigrations } from "./db/migrate.ts";
import { type Demo, openDemo } from "./demo.ts";
import { openEmbeddedPostgres } from "./embedded-postgres/embedded-postgres.ts";
import { StartError } from "./start-error.ts";

export interface StartedDatabase {
  readonly url: string;
  /** For people: which database it is, without a password. */
  readonly description: string;
  /** The embedded database alone has one. */
  readonly demo: Demo | null;
  readonly close: () => Promise<void>;
}

/** Once per start, however many processes serve it: the embedded PostgreSQL, the migrations, the sample batch. */
export async function startDatabase(config: Config): Promise<StartedDatabase> {
  if (config.databaseUrl !== null) {
    if (config.migrateAtStart) await applyMigrations(config.databaseUrl).catch(explainUnreachable);
    return { url: config.databaseUrl, description: describe(config.databaseUrl), demo: null, close: async () => {} };
  }

  const embedded = await openEmbeddedPostgres({ dataDir: config.dataDir, mode: "start" });
  try {
    if (config.migrateAtStart) await applyMigrations(embedded.url);
    return {
      url: embedded.url,
      description: `embedded PostgreSQL ${embedded.version}, data under ${config.dataDir}`,
      demo: await fillDemo(config, embedded.url),
      close: () => embedded.stop(),
    };
  } catch (error) {
    await embedded.stop();
    throw error;
  }
}

async function fillDemo(config: Config, url: string): Promise<Demo> {
  const database = openDatabase({ url, maxConnections: 1 });
  try {
    return await openDemo(config.dataDir, database);
  } finally {
    await database.close();
  }
}

function explainUnreachable(error: unknown): never {
  const { code } = error as { code?: unknown };
  throw new StartError(
    `Cannot migrate the database at DATABASE_URL (${String(code ?? "unknown fault")}). ` +
      "Is it running, and is the URL right? MIGRATE=off starts without.",
  );
}

function describe(url: string): string {
  const { host, pathname } = new URL(url);
  return `PostgreSQL at ${host}${pathname}`;
}
