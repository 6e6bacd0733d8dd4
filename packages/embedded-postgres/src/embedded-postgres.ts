import { setTimeout as delay } from "node:timers/promises";
import { type Address, type Cluster, clusterDirOf, databaseUrl, ensureCluster, readPassword } from "./cluster.ts";
import { describeDirectoryError, describeOutput, ensureDataDir } from "./data-directory.ts";
import { chooseLaunch } from "./linux.ts";
import { isAlive, isPostmasterOf, readOwner, removeOwner, withStartLock, writeOwner } from "./lock.ts";
import { EmbeddedPostgresError, findBinaries, plainLaunch } from "./programs.ts";
import {
  findFreePort,
  findPostmaster,
  removeMisleadingLockFile,
  type Server,
  spawnServer,
  stopPostmaster,
  waitUntilReady,
} from "./server.ts";

export { EmbeddedPostgresError };

/** A start takes 0.1 s, but the recovery after a power failure reads the whole log since the last checkpoint. */
const READY_WAIT_MS = 60_000;
/** The time for the checkpoint of a server that its owner is stopping. */
const STOPPING_WAIT_MS = 10_000;
const ATTACH_WAIT_MS = 10_000;
/** Another program took the port, or workers of a killed server have not ended yet. */
const TRANSIENT_ERROR = /could not bind IPv4 address|pre-existing shared memory block/;
const FOREIGN_SERVER_WAIT_MS = 1_000;
const START_ATTEMPTS = 10;
const START_RETRY_AFTER_MS = 200;

const DEFAULT_SETTINGS = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  // PostgreSQL's own defaults, stated here because initdb lowers them on a small machine.
  shared_buffers: "128MB",
  max_connections: "100",
  timezone: "UTC",
  log_timezone: "UTC",
};

export interface EmbeddedPostgres {
  /** The URL of the `task_jobs` database for its superuser, reachable from this machine only. */
  readonly url: string;
  /** The version of the server, such as "18.4". */
  readonly version: string;
  /** True if a running server of this directory was joined and none was started. */
  readonly attached: boolean;
  /** Stops the server if this process started it. May be called twice. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** The directory whose subdirectory `postgres` is the cluster. */
  dataDir: string;
  /** "start" fails if another process runs the server of this directory. "join" uses that server. */
  mode: "start" | "join";
  /** Settings of the server that replace the defaults. Without `port`, a free one is chosen. */
  settings?: Readonly<Record<string, string>>;
}

/** Starts or joins the server of a directory. Throws `EmbeddedPostgresError` where a person has to act. */
export async function openEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const binaries = await findBinaries();
  try {
    const dataDir = await ensureDataDir(options.dataDir);
    return await withStartLock(dataDir, async () => {
      const clusterDir = clusterDirOf(dataDir);
      const isPlain = process.platform !== "linux" && process.getuid?.() !== 0;
      const launch = isPlain ? plainLaunch(binaries) : await chooseLaunch(binaries, dataDir, clusterDir);
      const cluster = { dataDir, clusterDir, launch };
      const running = await joinOrStopRunning(options, cluster);
      if (running) return running;
      await ensureCluster(cluster, binaries);
      await removeMisleadingLockFile(clusterDir);
      return await start(options, cluster);
    });
  } catch (error) {
    throw describeDirectoryError(error, options.dataDir);
  }
}

/** Joins or refuses a running server and stops an orphaned one. Returns undefined if none is left. */
async function joinOrStopRunning(
  { mode }: EmbeddedPostgresOptions,
  cluster: Cluster,
): Promise<EmbeddedPostgres | undefined> {
  const { clusterDir, dataDir } = cluster;
  const pid = findPostmaster(clusterDir);
  if (pid === undefined) return undefined;
  const owner = readOwner(dataDir);
  if (owner === undefined) {
    // A process that stops its server removes the owner file first.
    if (await isPostmasterGoneWithin(STOPPING_WAIT_MS, pid, clusterDir)) return undefined;
    throw new EmbeddedPostgresError(
      `A PostgreSQL server (process ${pid}) that this program did not start is using ${clusterDir}. ` +
        "Stop it, or set DATABASE_URL to use it.",
    );
  }
  if (!isAlive(owner)) {
    await stopOrphan(pid, cluster);
    return undefined;
  }
  if (mode === "start") {
    throw new EmbeddedPostgresError(
      `Process ${owner.pid} is already running with the database in ${dataDir}. ` +
        "Stop it, set DATA_DIR to another directory, or set DATABASE_URL to another database.",
    );
  }
  const address = { port: owner.port, password: await readPassword(cluster) };
  const deadline = Date.now() + ATTACH_WAIT_MS;
  const version = await waitUntilReady(address, () => findPostmaster(clusterDir) !== pid || Date.now() > deadline);
  if (version !== undefined) return { url: databaseUrl(address), version, attached: true, stop: async () => {} };
  if (await isPostmasterGoneWithin(STOPPING_WAIT_MS, pid, clusterDir)) return undefined;
  throw new EmbeddedPostgresError(
    `The PostgreSQL server of process ${owner.pid} (process ${pid}, port ${owner.port}) does not answer. Stop both, then start again.`,
  );
}

async function isPostmasterGoneWithin(waitMs: number, pid: number, clusterDir: string): Promise<boolean> {
  const deadline = Date.now() + waitMs;
  while (isPostmasterOf(pid, clusterDir)) {
    if (Date.now() > deadline) return false;
    await delay(10);
  }
  return true;
}

/** Stops a server whose owner is dead. On Linux the kernel may be stopping it already. */
async function stopOrphan(pid: number, cluster: Cluster): Promise<void> {
  const { clusterDir } = cluster;
  await stopPostmaster(pid, cluster, (waitMs) => isPostmasterGoneWithin(waitMs, pid, clusterDir));
  if (!isPostmasterOf(pid, clusterDir)) return;
  throw new EmbeddedPostgresError(
    `A PostgreSQL server (process ${pid}) of an earlier run in ${clusterDir} does not stop. Stop it, then start again.`,
  );
}

async function start({ settings }: EmbeddedPostgresOptions, cluster: Cluster): Promise<EmbeddedPostgres> {
  const { dataDir } = cluster;
  const password = await readPassword(cluster);
  for (let attempt = 1; ; attempt++) {
    const port = Number(settings?.port) || (await findFreePort());
    await writeOwner(dataDir, port);
    const server = await spawnServer(cluster, { ...DEFAULT_SETTINGS, port: String(port), ...settings });
    // The owner file goes first, so that a start meanwhile knows that this server is stopping, and waits.
    const stop = async () => {
      await removeOwner(dataDir);
      await server.stop();
    };
    const version = await waitUntilServing(server, { port, password }).catch(async (error) => {
      await stop();
      throw error;
    });
    if (version !== undefined) {
      server.unref();
      let stopped: Promise<void> | undefined;
      const stopOnce = () => {
        stopped ??= stop();
        return stopped;
      };
      return { url: databaseUrl({ port, password }), version, attached: false, stop: stopOnce };
    }
    await stop();
    const log = await server.readLogTail();
    if (attempt === START_ATTEMPTS || !TRANSIENT_ERROR.test(log)) {
      throw new EmbeddedPostgresError(
        `The embedded PostgreSQL in ${dataDir} did not start. ${describeOutput(`Its last log lines:\n${log}`)}`,
      );
    }
    await delay(START_RETRY_AFTER_MS);
  }
}

/** Returns the version of the server, or undefined if it ended or does not answer in time. */
async function waitUntilServing(server: Server, address: Address): Promise<string | undefined> {
  const deadline = Date.now() + READY_WAIT_MS;
  const ready = waitUntilReady(address, () => server.hasExited() || Date.now() > deadline).catch(
    async (error: unknown) => {
      // Another program that took the port may have answered. Our server then ends by itself.
      if (await server.isGoneWithin(FOREIGN_SERVER_WAIT_MS)) return undefined;
      throw error;
    },
  );
  // A program that took the port may also not answer at all.
  return await Promise.race([ready, server.exited.then(() => undefined)]);
}
