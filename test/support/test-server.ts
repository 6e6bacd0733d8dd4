import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import { Writable } from "node:stream";
import { afterAll } from "vitest";
import { openApp, type Resources } from "../../src/app.ts";
import { apiKeyQueries, newApiKey } from "../../src/auth/api-key.ts";
import { readConfig } from "../../src/config.ts";
import { openDatabase } from "../../src/db/client.ts";
import { createLog } from "../../src/log.ts";
import { startReplicas } from "../../src/server/start-server.ts";
import { watchContract } from "./contract-watch.ts";
import { createTestDatabase } from "./test-database.ts";

export type TestServer = Awaited<ReturnType<typeof startTestServer>>;
export type ServedDatabase = Awaited<ReturnType<typeof serveDatabase>>;

/** Environment variables of the server. */
type Environment = Readonly<Record<string, string>>;

type AppOptions = Pick<Resources, "demo" | "httpLimits" | "exportReader" | "liveTimes">;

export interface TestServerOptions extends AppOptions {
  readonly environment?: Environment;
}

/** A test closes its server when its requests are answered, so that no request can be on its way. */
const NO_LINGER = { stopLingerMs: 0 };

/** A shared machine may pause for longer than the default time limits, so a test that is about these limits sets them. */
const PATIENT = { STATEMENT_TIMEOUT_MS: "15000", REQUEST_TIMEOUT_MS: "20000" };
/** The default time limits of a server. */
export const DEFAULT_TIMEOUTS = { STATEMENT_TIMEOUT_MS: "1000", REQUEST_TIMEOUT_MS: "1900" };

/** Starts the application on a socket over an existing database, which the caller closes. */
export async function serveDatabase(databaseUrl: string, environment: Environment, options: AppOptions = {}) {
  const config = readConfig({ DATABASE_URL: databaseUrl, SHUTDOWN_DRAIN_MS: "0", ...PATIENT, ...environment });
  const database = openDatabase({
    url: databaseUrl,
    maxConnections: config.databasePoolSize,
    preparedStatements: config.preparedStatements,
    statementTimeoutMs: config.statementTimeoutMs,
  });
  const logLines: string[] = [];
  const log = createLog(
    config.logLevel,
    new Writable({
      write(chunk, _encoding, done) {
        logLines.push(String(chunk));
        done();
      },
    }),
  );
  const replicas = await startReplicas(config, database, log);
  const httpLimits = { ...NO_LINGER, ...options.httpLimits };
  const app = await openApp(config, { database, replicas, log, ...options, httpLimits });
  const contract = watchContract(app.server);
  await new Promise<void>((resolve) => app.server.listen(0, "127.0.0.1", resolve));
  const { port } = app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  return {
    url,
    port,
    app,
    logLines,

    /** Creates an API key for a user, and returns a fetch that sends it. */
    async as(user: { userId?: string; isAdmin?: boolean } = {}) {
      const { userId = randomUUID(), isAdmin = false } = user;
      const key = newApiKey();
      await apiKeyQueries(database).insertApiKey(key, { userId, isAdmin, name: "", expiresAt: null });
      const get = (path: string, init: RequestInit = {}) =>
        fetch(url + path, { ...init, headers: { Authorization: `Bearer ${key}`, ...init.headers } });
      return {
        url,
        userId,
        key,
        get,
        async query(query: string, variables: object = {}, headers: Record<string, string> = {}) {
          const response = await get("/graphql", {
            method: "POST",
            headers: { "Content-Type": "application/json", ...headers },
            body: JSON.stringify({ query, variables }),
          });
          return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
        },
      };
    },

    async close() {
      await app.close();
      await replicas?.close();
      await database.close();
      await contract.check();
    },
  };
}

/** Starts the application over a new database. */
export async function startTestServer({ environment = {}, ...options }: TestServerOptions = {}) {
  const database = await createTestDatabase();
  const served = await serveDatabase(database.url, environment, options);
  return {
    ...served,
    database,
    sql: database.sql,

    /** The number of statements that `work` sends to the database, counted by pg_stat_statements. */
    async countStatements(work: () => Promise<unknown>): Promise<number> {
      const calls = async () => {
        const [row] = await database.sql`
          select coalesce(sum(calls), 0)::int as calls from pg_stat_statements
          where dbid = (select oid from pg_database where datname = current_database())
            and query not like '%pg_stat_statements%'`;
        return row?.calls as number;
      };
      await database.sql`create extension if not exists pg_stat_statements`;
      const before = await calls();
      await work();
      return (await calls()) - before;
    },

    async close() {
      // The database is closed even if a response differs from openapi.json.
      await served.close().finally(() => database.close());
    },
  };
}

/** Starts a server with a database of its own at the top of a test file, and closes both after its last test. */
export async function sharedTestServer(options?: TestServerOptions) {
  const server = await startTestServer(options);
  afterAll(() => server.close());
  return server;
}
