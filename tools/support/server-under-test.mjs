import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { openEmbeddedPostgres } from "#server/embedded-postgres/embedded-postgres.js";

export const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
/** The data is deleted after the run, so PostgreSQL need not write it durably. */
const FAST = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_connections: "200" };

/** A single server with a directory of its own. */
async function openSingleServer(name) {
  const dataDir = mkdtempSync(join(tmpdir(), `task-jobs-${name}-`));
  const server = await openEmbeddedPostgres({ dataDir, mode: "start", settings: FAST });
  return {
    url: server.url,
    /** The DATABASE_URL of the built server. */
    serverUrl: server.url,
    async close() {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/**
 * Starts a new PostgreSQL, or the one that `openDatabase` starts, and the built server as its own process. `fill` inserts the rows after the migrations, and
 * `seeLine` receives each line of the server's log.
 * @param {{ name: string, environment: Record<string, string>, fill: (sql: postgres.Sql) => Promise<any>,
 *   seeLine?: (line: string) => void, program?: string | undefined,
 *   openDatabase?: (name: string) => Promise<{ url: string, serverUrl: string, close: () => Promise<void> }> }} options
 */
export async function openServerUnderTest({
  name,
  environment,
  fill,
  seeLine = () => {},
  program = MAIN,
  openDatabase = openSingleServer,
}) {
  const database = await openDatabase(name);
  const server = spawn(process.execPath, [program], {
    env: { PATH: process.env.PATH, DATABASE_URL: database.serverUrl, PORT: "0", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(server, "close");
  const sql = postgres(database.url, { max: 1, onnotice: () => {}, fetch_types: false });

  /** Stops the server and resolves to its exit code or signal. */
  async function close() {
    server.kill("SIGTERM");
    const [code, signal] = await ended;
    await sql.end({ timeout: 5 });
    await database.close();
    return code ?? signal;
  }

  try {
    const origin = await listening(server, ended, seeLine);
    return { sql, databaseUrl: database.url, origin, pid: server.pid, filled: await fill(sql), ended, close };
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
}

/** The URL of a started server. `seeLine` is called with each line of its log. */
export function listening(server, ended, seeLine) {
  return new Promise((resolve, reject) => {
    ended.then(([code]) => reject(new Error(`the server ended with ${code} before it listened`)));
    createInterface({ input: server.stderr }).on("line", seeLine);
    createInterface({ input: server.stdout }).on("line", (line) => {
      const origin = /Listening on (http:\S+)/.exec(line)?.[1];
      if (origin !== undefined) resolve(origin);
    });
  });
}
