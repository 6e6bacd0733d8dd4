import { chmod, mkdir, realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findBinaries } from "./binaries.ts";
import { clusterDirOf, ensureCluster, readPassword } from "./cluster.ts";
import { type Address, databaseUrl, untilReady } from "./connect.ts";
import { EmbeddedPostgresError, errorCode } from "./error.ts";
import { chooseLaunch, type Launch } from "./launch.ts";
import { readOwner, removeOwner, withStartLock, writeOwner } from "./lock.ts";
import { isAlive } from "./pids.ts";
import { findFreePort, type Postmaster, spawnPostmaster } from "./process.ts";
import { endOrphan, findPostmaster, removeMisleadingLockFile, waitUntilGone } from "./shutdown.ts";

export { EmbeddedPostgresError };

/** A start is 0.1 s; the recovery after a power cut reads the whole log since the last checkpoint. */
const READY_WAIT_MS = 60_000;
/** Its owner is stopping it: what is left is a checkpoint. */
const STOPPING_WAIT_MS = 10_000;
const ATTACH_WAIT_MS = 10_000;
/** Somebody else took the port in between, or the workers of a server that was killed are not all gone yet. */
const PASSING_TROUBLE = /could not bind IPv4 address|pre-existing shared memory block/;
const FOREIGN_ANSWER_WAIT_MS = 1_000;
const START_ATTEMPTS = 10;
const START_RETRY_AFTER_MS = 200;

export interface EmbeddedPostgres {
  /** Of the `task_jobs` database, as its superuser, reachable from this machine alone. */
  readonly url: string;
  /** Of the server, such as "18.4". */
  readonly version: string;
  /** True when a running server of this directory was joined instead of one started. */
  readonly attached: boolean;
  /** Stops the server if this process started it, detaches otherwise. May be called twice. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** The cluster lies in `postgres` within it. */
  dataDir: string;
  /** "start" must own the server and refuses where a living process already does; "join" then uses that one. */
  mode: "start" | "join";
  /** Over ours, as `name=value` on the server's command line. */
  settings?: Readonly<Record<string, string>>;
}

/** Fails with an `EmbeddedPostgresError` where a person has to do something about it. */
export async function openEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const binaries = await findBinaries();
  try {
    const dataDir = await makeDataDir(options.dataDir);
    return await withStartLock(dataDir, async () => {
      const launch = await chooseLaunch(binaries, dataDir, clusterDirOf(dataDir));
      const running = await settleRunning(options, launch, dataDir);
      if (running) return running;
      await ensureCluster(launch, binaries, dataDir);
      await removeMisleadingLockFile(clusterDirOf(dataDir));
      return await start(options, launch, dataDir);
    });
  } catch (error) {
    if (!["EACCES", "EPERM", "EROFS"].includes(errorCode(error) ?? "")) throw error;
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL cannot use ${resolve(options.dataDir)}: ${error instanceof Error ? error.message : error}. ` +
        "It belongs to another user or is read-only: start as its owner, give it to this user (chown -R), or set DATABASE_URL.",
      { cause: error },
    );
  }
}

async function makeDataDir(path: string): Promise<string> {
  // A strict umask would shut out whom root has to become; what is secret in it has its own mode.
  if ((await mkdir(path, { recursive: true })) !== undefined) await chmod(path, 0o755);
  return await realpath(path);
}

/** Joins or refuses a living server; ends an orphaned one; undefined once there is none. */
async function settleRunning(
  { mode }: EmbeddedPostgresOptions,
  launch: Launch,
  dataDir: string,
): Promise<EmbeddedPostgres | undefined> {
  const clusterDir = clusterDirOf(dataDir);
  const pid = findPostmaster(clusterDir);
  if (pid === undefined) return undefined;
  const owner = readOwner(dataDir);
  if (owner === undefined) {
    // Whoever stops a server of ours first takes back its claim.
    if (await waitUntilGone(pid, clusterDir, STOPPING_WAIT_MS)) return undefined;
    throw new EmbeddedPostgresError(
      `A PostgreSQL server (process ${pid}) that this program did not start is using ${clusterDir}. ` +
        "Stop it, or set DATABASE_URL to use it.",
    );
  }
  if (!isAlive(owner)) {
    await endOrphan(pid, launch, clusterDir);
    return undefined;
  }
  if (mode === "start") {
    throw new EmbeddedPostgresError(
      `Process ${owner.pid} is already running with the database in ${dataDir}. ` +
        "Stop it first, or set DATABASE_URL to give this one a database of its own.",
    );
  }
  const address = { port: owner.port, password: await readPassword(dataDir) };
  const deadline = Date.now() + ATTACH_WAIT_MS;
  const version = await untilReady(address, () => findPostmaster(clusterDir) !== pid || Date.now() > deadline);
  if (version !== undefined) return { url: databaseUrl(address), version, attached: true, stop: async () => {} };
  if (await waitUntilGone(pid, clusterDir, STOPPING_WAIT_MS)) return undefined;
  throw new EmbeddedPostgresError(
    `The PostgreSQL server of process ${owner.pid} (process ${pid}, port ${owner.port}) does not answer. Stop both, then start again.`,
  );
}

async function start(options: EmbeddedPostgresOptions, launch: Launch, dataDir: string): Promise<EmbeddedPostgres> {
  const password = await readPassword(dataDir);
  for (let attempt = 1; ; attempt++) {
    const port = await findFreePort();
    await writeOwner(dataDir, port);
    const postmaster = await spawnPostmaster(launch, dataDir, port, options.settings ?? {});
    let version: string | undefined;
    try {
      version = await untilServing(postmaster, { port, password });
      if (version !== undefined) return owned(databaseUrl({ port, password }), version, postmaster, dataDir);
    } finally {
      if (version === undefined) await giveBack(postmaster, dataDir);
    }
    const log = await postmaster.logTail();
    if (attempt < START_ATTEMPTS && PASSING_TROUBLE.test(log)) {
      await delay(START_RETRY_AFTER_MS);
      continue;
    }
    throw new EmbeddedPostgresError(`The embedded PostgreSQL in ${dataDir} did not start. Its last words:\n${log}`);
  }
}

/** Undefined when it ended instead, or does not answer in time. */
async function untilServing(postmaster: Postmaster, address: Address): Promise<string | undefined> {
  const deadline = Date.now() + READY_WAIT_MS;
  const ready = untilReady(address, () => postmaster.hasExited() || Date.now() > deadline).catch(
    async (error: unknown) => {
      // Whoever took the port in between may have answered in our server's place, which then ends.
      if (await postmaster.isGoneWithin(FOREIGN_ANSWER_WAIT_MS)) return undefined;
      throw error;
    },
  );
  // Or that one may not answer at all.
  return await Promise.race([ready, postmaster.exited.then(() => undefined)]);
}

function owned(url: string, version: string, postmaster: Postmaster, dataDir: string): EmbeddedPostgres {
  postmaster.release();
  let stopped: Promise<void> | undefined;
  return {
    url,
    version,
    attached: false,
    stop: () => {
      stopped ??= giveBack(postmaster, dataDir);
      return stopped;
    },
  };
}

/** The claim goes first: who starts meanwhile then knows that this server is on its way out, and waits. */
async function giveBack(postmaster: Postmaster, dataDir: string): Promise<void> {
  await removeOwner(dataDir);
  await postmaster.stop();
}
