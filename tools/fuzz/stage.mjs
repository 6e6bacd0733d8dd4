import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { openEmbeddedPostgres } from "../../dist/embedded-postgres/embedded-postgres.js";
import { openLogWatch } from "./log-watch.mjs";
import { fillWorld, JWT_SECRET } from "./world.mjs";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

/** A machine that is busy with something else is no finding; what hangs still is. */
const PATIENT = { DATABASE_POOL_SIZE: "50", STATEMENT_TIMEOUT_MS: "5000", REQUEST_TIMEOUT_MS: "6000" };

/** A PostgreSQL of its own, filled, and the real server over it as a process of its own, whose log is read along. */
export async function openStage({ program = MAIN }) {
  const dataDir = mkdtempSync(join(tmpdir(), "task-jobs-fuzz-"));
  const settings = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" };
  const database = await openEmbeddedPostgres({ dataDir, mode: "start", settings });
  const server = spawn(process.execPath, [program], {
    env: { PATH: process.env.PATH, DATABASE_URL: database.url, PORT: "0", JWT_SECRET, ...PATIENT },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(server, "exit");
  const watch = openLogWatch();
  createInterface({ input: server.stderr }).on("line", watch.see);
  const sql = postgres(database.url, { max: 1, onnotice: () => {}, fetch_types: false });

  async function close() {
    server.kill("SIGTERM");
    await ended;
    await sql.end({ timeout: 5 });
    await database.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }

  try {
    const origin = await listening(server, ended);
    const keys = await fillWorld(sql);
    return {
      origin,
      keys,
      close,
      /** What no single answer shows: lines of the log, statements that still run, a process that is gone. */
      async faults() {
        const [{ running }] = await sql`select count(*)::int as running from pg_stat_activity
          where application_name = 'task-jobs-api' and state <> 'idle'`;
        return [
          ...watch.faults(),
          ...(running === 0 ? [] : [`${running} statements still run`]),
          ...(server.exitCode === null ? [] : ["the server has ended"]),
        ];
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function listening(server, ended) {
  return new Promise((resolve, reject) => {
    ended.then(([code]) => reject(new Error(`the server ended with ${code}`)));
    createInterface({ input: server.stdout }).on("line", (line) => {
      const origin = /Listening on (http:\S+)/.exec(line)?.[1];
      if (origin !== undefined) resolve(origin);
    });
  });
}
