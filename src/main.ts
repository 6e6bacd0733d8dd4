import cluster from "node:cluster";
import { setFlagsFromString } from "node:v8";
import { EmbeddedPostgresError } from "#embedded-postgres";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { createLog, type Log } from "./log.ts";
import { startDatabase } from "./server/start-database.ts";
import { StartError } from "./server/start-error.ts";
import { type StartedServer, startServer } from "./server/start-server.ts";
import { exit, stopOnce, stopOnUncaught, surviveBrokenOutput } from "./server/stop.ts";
import { printWelcome } from "./server/welcome.ts";
import { runWorker, startWorkers } from "./server/workers.ts";

// Without this flag V8 keeps the source and the code of every operation that graphql-jit compiles, see
// `docs/decisions/compiled-execution.md`. It must be set before the first one is compiled.
setFlagsFromString("--no-compilation-cache");
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

function reportStartError(error: unknown): void {
  const isForPeople = [StartError, ConfigError, EmbeddedPostgresError].some((kind) => error instanceof kind);
  if (isForPeople) console.error((error as Error).message);
  else createLog("error").fatal({ err: error }, "cannot start");
}

async function run(config: Config, log: Log): Promise<void> {
  let stop = (code: number): void => void exit(code);
  stopOnUncaught(log, () => stop(1));
  const database = await startDatabase(config, log);
  database.migrated.catch((error) => {
    reportStartError(error);
    stop(1);
  });
  let server: StartedServer;
  try {
    server = await (config.workers === 1 ? startServer : startWorkers)(config, database, log);
  } catch (error) {
    await database.close();
    throw error;
  }
  if (config.jwt.secret !== null && config.jwt.secret.length < 32) {
    log.warn("JWT_SECRET is shorter than 32 characters: HS256 wants 256 bits (RFC 7518 section 3.2)");
  }
  stop = stopOnce(log, async () => {
    await server.close();
    await database.close();
  });
  for (const signal of ["SIGTERM", "SIGINT"]) {
    process.on(signal, () => {
      log.info({ signal }, "stopping");
      stop(0);
    });
  }
  // Last: whoever reads where it listens may stop it.
  printWelcome({
    origin: server.origin,
    graphiql: config.graphiql,
    database: database.description,
    demo: database.demo,
  });
}
