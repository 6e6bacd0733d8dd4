import { openEmbeddedPostgres } from "#embedded-postgres";
import type { Config } from "../config.ts";
import { isDriverRepaired, openDatabase } from "../db/client.ts";
import { describeDatabase, readConnectionUrl } from "../db/connection-url.ts";
import { reasonOf } from "../db/error-reason.ts";
import { describeDatabaseFault, isExhausted, isTemporaryOutage, UnusableDatabase } from "../db/faults.ts";
import { applyMigrations } from "../db/migrate.ts";
import type { Log } from "../log.ts";
import { type Demo, ensureDemo } from "./demo.ts";
import { StartError } from "./start-error.ts";

export interface StartedDatabase {
  readonly url: string;
  /** Describes the database for people, without a password. */
  readonly description: string;
  /** The sample batch and its keys, which only the embedded database has. */
  readonly demo: Demo | null;
  /** Resolves when the migrations are applied; rejects with an error that a later attempt cannot clear. */
  readonly migrated: Promise<void>;
  readonly close: () => Promise<void>;
}

/** With the connect timeout, this serves requests within a second after the database becomes reachable. */
const RETRY_DELAY_MS = 300;
const RETRY_CONNECT_TIMEOUT_S = 1;
/** The start waits longer once, so that a slow database is ready when the server prints its address. */
const FIRST_CONNECT_TIMEOUT_S = 3;

/** Starts the embedded PostgreSQL or connects to DATABASE_URL, and applies the migrations, once for all workers. */
export async function startDatabase(config: Config, log: Log): Promise<StartedDatabase> {
  if (!isDriverRepaired) {
    throw new StartError(
      "The postgres driver lacks the patches of this project and could return rows of another query. Run `npx patch-package` or `npm run build`.",
    );
  }
  return config.databaseUrl === null ? startEmbedded(config) : connectTo(config.databaseUrl, config, log);
}

async function startEmbedded({ dataDir, migrateAtStart }: Config): Promise<StartedDatabase> {
  const embedded = await openEmbeddedPostgres({ dataDir, mode: "start" });
  try {
    if (migrateAtStart) await applyMigrations(embedded.url);
    return {
      url: embedded.url,
      description: `embedded PostgreSQL ${embedded.version}, data under ${dataDir}`,
      demo: await createDemo(dataDir, embedded.url),
      migrated: Promise.resolve(),
      close: () => embedded.stop(),
    };
  } catch (error) {
    await embedded.stop();
    const fault = isExhausted(error) ? describeDatabaseFault(error, `The embedded PostgreSQL in ${dataDir}`) : null;
    throw fault === null ? error : new StartError(fault);
  }
}

async function createDemo(dataDir: string, url: string): Promise<Demo> {
  const database = openDatabase({ url, maxConnections: 1 });
  try {
    return await ensureDemo(dataDir, database);
  } finally {
    await database.close();
  }
}

async function connectTo(url: string, config: Config, log: Log): Promise<StartedDatabase> {
  const { migrateAtStart, replicaUrls } = config;
  const { ignored } = readConnectionUrl(url);
  if (ignored.length > 0) log.warn({ parameters: ignored }, "parameters of DATABASE_URL have no effect");
  const ofReplicas = new Set(replicaUrls.flatMap((replicaUrl) => readConnectionUrl(replicaUrl).ignored));
  if (ofReplicas.size > 0) {
    log.warn({ parameters: [...ofReplicas] }, "parameters of DATABASE_REPLICA_URLS have no effect");
  }
  const stopping = new AbortController();
  const { migrated } = migrateAtStart
    ? await startMigrations(url, log, stopping.signal)
    : { migrated: Promise.resolve() };
  return { url, description: describeDatabase(url), demo: null, migrated, close: async () => stopping.abort() };
}

/** Applies the migrations, or continues to try in the background, because an unreachable database must not stop the start. */
async function startMigrations(url: string, log: Log, stopping: AbortSignal): Promise<{ migrated: Promise<void> }> {
  const reason = await tryToMigrate(url, FIRST_CONNECT_TIMEOUT_S);
  if (reason === null) return { migrated: Promise.resolve() };
  log.warn({ reason }, "the database is unreachable: the server is not ready until it is reached and migrated");
  return { migrated: retryMigrations(url, log, stopping) };
}

async function retryMigrations(url: string, log: Log, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS));
    if ((await tryToMigrate(url, RETRY_CONNECT_TIMEOUT_S)) === null) {
      return log.info("the database is reachable and migrated");
    }
  }
}

/** Returns null when the migrations are applied, or the reason why the database is unreachable. */
async function tryToMigrate(url: string, connectTimeoutSeconds: number): Promise<string | null> {
  try {
    await applyMigrations(url, connectTimeoutSeconds);
    return null;
  } catch (error) {
    if (error instanceof UnusableDatabase) throw new StartError(error.message);
    if (isTemporaryOutage(error)) return reasonOf(error);
    const fault =
      describeDatabaseFault(error, describeDatabase(url)) ?? `${describeDatabase(url)}: ${reasonOf(error)}.`;
    throw new StartError(
      `Cannot migrate the database at DATABASE_URL. ${fault} MIGRATE=off starts the server without migrations.`,
    );
  }
}
