import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { appendFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import postgres from "postgres";
import { openEmbeddedPostgres } from "#embedded-postgres";

/** Files of the primary that a base backup must not contain, because each server writes its own. */
const OWN_FILES = ["postmaster.pid", "postmaster.opts", "standby.signal", "pg_replslot", "pg_wal"];
const POLL_MS = 10;

/**
 * @typedef {object} Node A server of the group. Its port never changes.
 * @property {string} url The URL of its database for the superuser.
 * @property {number} port
 * @property {string} logFile
 * @property {(work: (sql: postgres.Sql) => Promise<any>) => Promise<any>} run Runs statements on a connection of their own.
 * @property {(settings: Record<string, string>) => Promise<void>} configure Changes settings that need no restart.
 * @property {() => Promise<void>} start Starts it again after `stop` or `kill`, in the role that it had.
 * @property {() => Promise<void>} stop Stops it after the standbys have received everything (a fast shutdown).
 * @property {() => Promise<void>} kill Ends it as a crash would (an immediate shutdown).
 * @property {() => void} freeze Stops all its processes, so that its sockets stay open and no byte is sent.
 * @property {() => void} thaw
 * @property {() => Promise<void>} promote Makes a standby the primary, and resolves when it accepts writes.
 * @property {() => Promise<void>} becomeStandby Starts a cleanly stopped primary as a standby of the new one.
 * @property {(primary: Node) => Promise<void>} copyFrom Replaces its files by a base backup of the primary and starts it as a standby.
 * @property {() => Promise<void>} stopReceiving Cuts a standby off, so that it lacks what the primary writes from now on.
 * @property {() => Promise<void>} replayed Resolves when it has replayed everything that the primary has written by now.
 */

/** A standby looks for the primary among all servers, so that it follows a promotion by itself. */
const primaryOf = ({ ports, password }) =>
  `host=${ports.map(() => "127.0.0.1").join(",")} port=${ports.join(",")} user=task_jobs password=${password} ` +
  "target_session_attrs=primary connect_timeout=2";

/** @returns {Node} */
export function createNode(group, port) {
  const dataDir = join(group.root, String(port));
  const clusterDir = join(dataDir, "postgres");
  /** @type {import("#embedded-postgres").EmbeddedPostgres | null} */
  let server = null;
  let frozen = [];

  const node = {
    url: "",
    port,
    logFile: join(dataDir, "postgres.log"),
    async run(work) {
      const sql = postgres(node.url, { max: 1, onnotice: () => {}, fetch_types: false, connect_timeout: 5 });
      try {
        return await work(sql);
      } finally {
        await sql.end({ timeout: 1 });
      }
    },
    async configure(settings) {
      await node.run(async (sql) => {
        for (const [name, value] of Object.entries(settings)) await sql.unsafe(`alter system set ${name} = '${value}'`);
        await sql`select pg_reload_conf()`;
      });
    },
    async start() {
      server = await openEmbeddedPostgres({
        dataDir,
        mode: "start",
        settings: { ...group.settings, port: String(port) },
      });
      node.url = server.url;
    },
    async stop() {
      await server?.stop();
      server = null;
    },
    async kill() {
      // A server that ended by itself has removed this file.
      if (existsSync(join(clusterDir, "postmaster.pid"))) sendSignal(readPostmaster(clusterDir), "SIGQUIT");
      node.thaw();
      await node.stop();
    },
    freeze() {
      const pid = readPostmaster(clusterDir);
      // The postmaster first, so that it starts no further process.
      process.kill(pid, "SIGSTOP");
      frozen = [pid, ...childrenOf(pid)];
      for (const child of frozen) sendSignal(child, "SIGSTOP");
    },
    thaw() {
      for (const pid of frozen.toReversed()) sendSignal(pid, "SIGCONT");
      frozen = [];
    },
    async promote() {
      await node.run((sql) => sql`select pg_promote()`);
    },
    async becomeStandby() {
      await appendFile(join(clusterDir, "postgresql.auto.conf"), `primary_conninfo = '${primaryOf(group)}'\n`);
      await writeFile(join(clusterDir, "standby.signal"), "");
      await node.start();
    },
    async copyFrom(primary) {
      await node.kill();
      await rm(clusterDir, { recursive: true, force: true });
      await mkdir(dataDir, { recursive: true });
      await copyRunning(primary, join(group.root, String(primary.port), "postgres"), clusterDir);
      await node.becomeStandby();
    },
    async stopReceiving() {
      await node.configure({ primary_conninfo: "" });
      await node.run(async (sql) => {
        while ((await sql`select from pg_stat_wal_receiver`).length > 0) await delay(POLL_MS);
      });
    },
    async replayed() {
      const [{ lsn }] = await (await findPrimary(group)).run((sql) => sql`select pg_current_wal_lsn()::text as lsn`);
      await node.run(async (sql) => {
        for (;;) {
          const [row] = await sql`select pg_last_wal_replay_lsn() >= ${lsn}::pg_lsn as is_there`;
          if (row?.is_there) return;
          await delay(POLL_MS);
        }
      });
    },
  };
  return node;
}

async function findPrimary({ nodes }) {
  for (const node of nodes) {
    const rows = await node.run((sql) => sql`select pg_is_in_recovery() as is_standby`).catch(() => []);
    if (rows[0]?.is_standby === false) return node;
  }
  throw new Error("no server is the primary");
}

/** Copies the files of a running server between pg_backup_start and pg_backup_stop, as a base backup does. */
async function copyRunning(primary, from, to) {
  await primary.run(async (sql) => {
    await sql`select pg_backup_start('copy', fast => true)`;
    // Node's `cp` takes twice as long.
    await promisify(execFile)("cp", ["-a", from, to]);
    for (const name of OWN_FILES) await rm(join(to, name), { recursive: true, force: true });
    for (const name of ["pg_replslot", "pg_wal"]) await mkdir(join(to, name), { mode: 0o700 });
    const [backup] = await sql`select labelfile from pg_backup_stop(wait_for_archive => false)`;
    await writeFile(join(to, "backup_label"), backup.labelfile);
  });
}

function readPostmaster(clusterDir) {
  return Number.parseInt(readFileSync(join(clusterDir, "postmaster.pid"), "utf8"), 10);
}

function childrenOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}

function sendSignal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}
