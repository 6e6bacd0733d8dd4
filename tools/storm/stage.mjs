import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { openEmbeddedPostgres } from "../../dist/embedded-postgres/embedded-postgres.js";
import { fillWorld, TRAP, USERS, userId } from "./world.mjs";

const DIST_MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

/** A PostgreSQL of its own, filled, and the real server over it as a process of its own. */
export async function openStage({ environment, logFile, program = DIST_MAIN }) {
  const dataDir = mkdtempSync(join(tmpdir(), "task-jobs-storm-"));
  const database = await openEmbeddedPostgres({
    dataDir,
    mode: "start",
    settings: { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_connections: "200" },
  });
  const server = spawn(process.execPath, [program], {
    env: { PATH: process.env.PATH, DATABASE_URL: database.url, PORT: "0", LOG_LEVEL: "error", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(server, "close");

  /** How the server ended: with 0 where it stopped in good order. */
  async function close() {
    server.kill("SIGTERM");
    const [code, signal] = await ended;
    await database.stop();
    rmSync(dataDir, { recursive: true, force: true });
    return code ?? signal;
  }

  try {
    const origin = await listening(server, ended, logFile);
    const keys = await fill(database.url);
    return { databaseUrl: database.url, origin, keys, trapKey: keys[TRAP.user - 1], ended, close };
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
}

async function listening(server, ended, logFile) {
  const log = createWriteStream(logFile);
  server.stderr.pipe(log);
  const lines = createInterface({ input: server.stdout });
  return Promise.race([
    new Promise((resolve) => {
      lines.on("line", (line) => {
        log.write(`${line}\n`);
        const [, origin] = /Listening on (http:\S+)/.exec(line) ?? [];
        if (origin !== undefined) resolve(origin);
      });
    }),
    ended.then(([code]) => {
      throw new Error(`the server ended with ${code} before it listened: see ${logFile}`);
    }),
  ]);
}

/** The keys of all users, by number; the last is the trap's. */
async function fill(databaseUrl) {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    await fillWorld(sql);
    const keys = Array.from({ length: USERS + 1 }, () => `tj_${randomBytes(32).toString("base64url")}`);
    for (const [index, key] of keys.entries()) {
      const hash = createHash("sha256").update(key).digest("hex");
      await sql`insert into api_keys (user_id, key_hash) values (${userId(index + 1)}, ${hash})`;
    }
    return keys;
  } finally {
    await sql.end({ timeout: 5 });
  }
}
