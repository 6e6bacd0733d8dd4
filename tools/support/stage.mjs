import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { openEmbeddedPostgres } from "../../dist/embedded-postgres/embedded-postgres.js";

export const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
/** Nobody mourns a stage's data. */
const FAST = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_connections: "200" };

/**
 * A PostgreSQL of its own and the real server over it as a process of its own. `fill` puts the rows in, once there are
 * tables; `seeLine` gets each line of the server's log.
 */
export async function openStage({ name, environment, fill, seeLine = () => {}, program = MAIN }) {
  const dataDir = mkdtempSync(join(tmpdir(), `task-jobs-${name}-`));
  const database = await openEmbeddedPostgres({ dataDir, mode: "start", settings: FAST });
  const server = spawn(process.execPath, [program], {
    env: { PATH: process.env.PATH, DATABASE_URL: database.url, PORT: "0", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(server, "close");
  const sql = postgres(database.url, { max: 1, onnotice: () => {}, fetch_types: false });

  /** How the server ended: with 0 where it stopped in good order. */
  async function close() {
    server.kill("SIGTERM");
    const [code, signal] = await ended;
    await sql.end({ timeout: 5 });
    await database.stop();
    rmSync(dataDir, { recursive: true, force: true });
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
