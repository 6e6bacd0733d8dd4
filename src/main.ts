import type { AddressInfo } from "node:net";
import { openApp } from "./app.ts";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { openDatabase } from "./db/client.ts";
import { applyMigrations } from "./db/migrate.ts";
import { type Demo, openDemo } from "./demo.ts";
import { EmbeddedPostgresError, openEmbeddedPostgres } from "./embedded-postgres/embedded-postgres.ts";
import { openLog } from "./log.ts";
import { printWelcome } from "./welcome.ts";

const LISTEN_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there. Stop it, or choose another PORT.",
  EACCES: "this user may not. Choose a PORT above 1023.",
  EADDRNOTAVAIL: "this machine has no such address. Choose another HOST.",
  ENOTFOUND: "there is no such host name. Choose another HOST.",
};

/** A start that failed for a reason a person can mend: said in one message, without a stack. */
class StartError extends Error {}

try {
  await run(readConfig(process.env));
} catch (error) {
  const isForPeople = [StartError, ConfigError, EmbeddedPostgresError].some((kind) => error instanceof kind);
  console.error(isForPeople ? (error as Error).message : error);
  process.exitCode = 1;
}

async function run(config: Config): Promise<void> {
  const log = openLog(config.logLevel);
  const closers: (() => Promise<unknown>)[] = [];
  /** The last opened is the first closed: the server before the pool, the pool before the database. */
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };

  try {
    const embedded =
      config.databaseUrl === null ? await openEmbeddedPostgres({ dataDir: config.dataDir, mode: "start" }) : null;
    if (embedded) closers.push(() => embedded.stop());
    const url = config.databaseUrl ?? embedded?.url ?? "";

    if (config.migrateAtStart) await applyMigrations(url).catch(explainUnreachable);
    const database = openDatabase({
      url,
      maxConnections: config.databasePoolSize,
      preparedStatements: config.preparedStatements,
    });
    closers.push(database.close);

    const demo: Demo | null = embedded && (await openDemo(config.dataDir, database));
    const app = await openApp(config, {
      database,
      log,
      ...(demo === null ? {} : { demo: { apiKey: demo.userKey, taskId: demo.taskId } }),
    });
    closers.push(app.close);

    await listen(app.server, config);
    printWelcome({
      origin: originOf(app.server.address() as AddressInfo),
      graphiql: config.graphiql,
      demo,
      database: embedded
        ? `embedded PostgreSQL ${embedded.version}, data under ${config.dataDir}`
        : describeDatabase(url),
    });
    if (config.jwt.secret !== null && config.jwt.secret.length < 32) {
      log.warn("JWT_SECRET is shorter than 32 characters: HS256 wants 256 bits (RFC 7518 section 3.2)");
    }
  } catch (error) {
    await closeAll();
    throw error;
  }

  const stop = (signal: NodeJS.Signals) => {
    if (closers.length === 0) return;
    log.info({ signal }, "stopping");
    closeAll().then(
      () => process.exit(0),
      (error) => {
        log.error({ err: error }, "stopping failed");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

function listen(server: import("node:http").Server, { port, host }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(new StartError(`Cannot listen on ${host}:${port}: ${LISTEN_FAULTS[error.code ?? ""] ?? error.code}`));
    });
    server.listen(port, host, resolve);
  });
}

function explainUnreachable(error: unknown): never {
  const code = (error as { code?: unknown }).code;
  throw new StartError(
    `Cannot migrate the database at DATABASE_URL (${String(code ?? "unknown fault")}). ` +
      "Is it running, and is the URL right? MIGRATE=off starts without.",
  );
}

function originOf({ address, family, port }: AddressInfo): string {
  const isAnyAddress = address === "0.0.0.0" || address === "::";
  if (isAnyAddress) return `http://localhost:${port}`;
  return family === "IPv6" ? `http://[${address}]:${port}` : `http://${address}:${port}`;
}

/** Host and name, never the password. */
function describeDatabase(url: string): string {
  const { host, pathname } = new URL(url);
  return `PostgreSQL at ${host}${pathname}`;
}
