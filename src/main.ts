import cluster from "node:cluster";
import { setFlagsFromString } from "node:v8";
import { EmbeddedPostgresError } from "#embedded-postgres";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { TrustedDocumentsError } from "./graphql/trusted/read-manifest.ts";
import { createLog, type Log } from "./log.ts";
import { startDatabase } from "./server/start-database.ts";
import { StartError } from "./server/start-error.ts";
import { startServer } from "./server/start-server.ts";
import { exit, stopOnce, stopOnUncaught, surviveBrokenOutput } from "./server/stop.ts";
import { printWelcome } from "./server/welcome.ts";
import { runWorker, startWorkers } from "./server/workers.ts";
import { programVersion } from "./values/version.ts";

// Without this flag V8 keeps the source and the code of every operation that graphql-jit compiles, see
// `docs/decisions/compiled-execution.md`. It must be set before the first one is compiled.
setFlagsFromString("--no-compilation-cache");
if (process.argv.includes("--version")) console.log(programVersion());
else await main();

async function main(): Promise<void> {
  try {
    const config = readConfig(process.env);
    const log = createLog(config.logLevel);
    surviveBrokenOutput(log);
    if (cluster.isPrimary) await run(config, log);
    else runWorker(config, log);
  } catch (error) {
    reportStartError(error);
    await exit(1);
  }
}

/** Starts the database and then the server. A signal or a fatal error stops them in reverse order. */
async function run(config: Config, log: Log): Promise<void> {
  const started: { close(): Promise<void> }[] = [];
  const stop = stopOnce(log, async (code) => {
    for (const part of started.toReversed()) await part.close();
    // A failed start also ends here, but has printed its reason and served nothing.
    if (code === 0) log.info("stopped");
  });
  stopOnUncaught(log, () => stop(1));
  const fail = (error: unknown) => {
    reportStartError(error);
    stop(1);
  };

  try {
    const database = await startDatabase(config, log);
    started.push(database);
    database.migrated.catch(fail);
    const server = await (config.workers === 1 ? startServer : startWorkers)(config, database, log);
    started.push(server);
    warnAboutShortSecret(config, log);
    for (const signal of ["SIGTERM", "SIGINT"]) {
      process.on(signal, () => {
        log.info({ signal }, "stopping");
        stop(0);
      });
    }
    // Printed after the signal handlers are set, because a reader of the address may send a signal at once.
    printWelcome({
      origin: server.origin,
      graphiql: config.graphiql,
      database: database.description,
      demo: database.demo,
    });
  } catch (error) {
    fail(error);
  }
}

function reportStartError(error: unknown): void {
  const isForPeople = [StartError, ConfigError, TrustedDocumentsError, EmbeddedPostgresError].some(
    (kind) => error instanceof kind,
  );
  if (isForPeople) console.error((error as Error).message);
  else createLog("error").fatal({ err: error }, "cannot start");
}

function warnAboutShortSecret({ jwt }: Config, log: Log): void {
  if (jwt.secret === null || jwt.secret.length >= 32) return;
  log.warn("JWT_SECRET is shorter than 32 characters, but HS256 requires 256 bits (RFC 7518 section 3.2)");
}
