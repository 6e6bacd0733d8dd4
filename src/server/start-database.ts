import { openEmbeddedPostgres } from "#embedded-postgres";
import type { Config } from "../config.ts";
import { isDriverRepaired, openDatabase } from "../db/client.ts";
import { describeDatabase, readConnectionUrl } from "../db/connection-url.ts";
import { describeDatabaseFault, isAway, UnusableDatabase } from "../db/faults.ts";
import { applyMigrations } from "../db/migrate.ts";
import { reasonOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { type Demo, openDemo } from "./demo.ts";
import { StartError } from "./start-error.ts";

export interface StartedDatabase {
  readonly url: string;
  /** For people: which database it is, without a password. */
  readonly description: string;
  /** The embedded database alone has one. */
  readonly demo: Demo | null;
  /** Later than the start where the database was away then; rejects when waiting cannot mend it. */
  readonly migrated: Promise<void>;
  readonly close: () => Promise<void>;
}

/** The first good answer comes within a second of the database being there. */
const RETRY_DELAY_MS = 300;
const RETRY_CONNECT_TIMEOUT_S = 1;
/** Before it serves: a server that is only slow to let us in should be ready when it says that it listens. */
const FIRST_CONNECT_TIMEOUT_S = 3;

/** Once per start, however many processes serve it: the embedded PostgreSQL, the migrations, the sample batch. */
export async function startDatabase(config: Config, log: Log): Promise<StartedDatabase> {
  if (!isDriverRepaired) {
    throw new StartError(
      "The postgres driver lacks the patches of this project and could return rows of another query. Run `npx patch-package` or `npm run build`.",
    );
  }
  if (config.databaseUrl !== null) {
    const url = config.databaseUrl;
    const { ignored } = readConnectionUrl(url);
    if (ignored.length > 0) log.warn({ parameters: ignored }, "parameters of DATABASE_URL have no effect");
    const stopping = new AbortController();
    const { migrated } = config.migrateAtStart
      ? await startMigrations(url, log, stopping.signal)
      : { migrated: Promise.resolve() };
    return { url, description: describeDatabase(url), demo: null, migrated, close: async () => stopping.abort() };
  }

  const embedded = await openEmbeddedPostgres({ dataDir: config.dataDir, mode: "start" });
  try {
    if (config.migrateAtStart) await applyMigrations(embedded.url);
    return {
      url: embedded.url,
      description: `embedded PostgreSQL ${embedded.version}, data under ${config.dataDir}`,
      demo: await fillDemo(config, embedded.url),
      migrated: Promise.resolve(),
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

/** Done when it answers, or going on in the background: a database that is away holds up no start. */
async function startMigrations(url: string, log: Log, stopping: AbortSignal): Promise<{ migrated: Promise<void> }> {
  const fault = await tryToMigrate(url, FIRST_CONNECT_TIMEOUT_S);
  if (fault === null) return { migrated: Promise.resolve() };
  log.warn({ reason: fault }, "the database is away: not ready until it is there and migrated");
  return { migrated: keepMigrating(url, log, stopping) };
}

async function keepMigrating(url: string, log: Log, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS));
    if ((await tryToMigrate(url, RETRY_CONNECT_TIMEOUT_S)) === null) {
      return log.info("the database is there and migrated");
    }
  }
}

/** Why the database is away, in one word; null when it is migrated. */
async function tryToMigrate(url: string, connectTimeoutSeconds: number): Promise<string | null> {
  try {
    await applyMigrations(url, connectTimeoutSeconds);
    return null;
  } catch (error) {
    if (error instanceof UnusableDatabase) throw new StartError(error.message);
    if (isAway(error)) return reasonOf(error);
    const fault =
      describeDatabaseFault(error, describeDatabase(url)) ?? `${describeDatabase(url)}: ${reasonOf(error)}.`;
    throw new StartError(`Cannot migrate the database at DATABASE_URL. ${fault} MIGRATE=off starts without.`);
  }
}
