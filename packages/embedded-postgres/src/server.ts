import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Address, type Cluster, ensureDatabase } from "./cluster.ts";
import { isPostmasterOf } from "./lock.ts";
import { EmbeddedPostgresError, errorCode, programPath, runProgram, spawnOptions } from "./programs.ts";

/** A running server that this process started. */
export interface Server {
  hasExited: () => boolean;
  exited: Promise<true>;
  isGoneWithin: (waitMs: number) => Promise<boolean>;
  /** Returns the last lines that the server has logged since this start. */
  readLogTail: () => Promise<string>;
  /** Lets this process end although the server runs. */
  unref: () => void;
  stop: () => Promise<void>;
}

/** Starts the server. It does not accept connections yet. */
export async function spawnServer(cluster: Cluster, settings: Readonly<Record<string, string>>): Promise<Server> {
  const { launch, clusterDir } = cluster;
  const program = programPath(launch.nativeDir, "postgres");
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const [file = program, ...args] = [...launch.prefix, program, "-D", clusterDir, ...options];

  const log = await openLog(join(cluster.dataDir, "postgres.log"));
  try {
    const child = spawn(file, args, {
      ...spawnOptions(launch),
      stdio: ["ignore", log.fd, log.fd],
      // Ctrl-C reaches the whole process group, but the server must stop after the last request of this process.
      detached: true,
    });
    // Rejects if the program cannot be started at all.
    await once(child, "spawn");
    return supervise(child, cluster, log.readTail);
  } finally {
    await log.close();
  }
}

function supervise(child: ChildProcess, cluster: Cluster, readLogTail: Server["readLogTail"]): Server {
  const hasExited = () => child.exitCode !== null || child.signalCode !== null;
  const exited = new Promise<true>((resolve) => child.once("exit", () => resolve(true)));
  // Stops the server with a process that ends without stop(). With setpriv the kernel does the same in every case.
  const onExit = () => void child.kill("SIGINT");
  process.once("exit", onExit);
  void exited.then(() => process.off("exit", onExit));
  const isGoneWithin = async (waitMs: number) =>
    hasExited() || (await Promise.race([exited, delay(waitMs, false, { ref: false })]));
  return {
    hasExited,
    exited,
    isGoneWithin,
    readLogTail,
    unref: () => child.unref(),
    stop: async () => {
      child.ref();
      if (child.pid !== undefined) await stopPostmaster(child.pid, cluster, isGoneWithin);
    },
  };
}

const ROTATE_ABOVE_BYTES = 10 * 1024 * 1024;
const TAIL_BYTES = 64 * 1024;
const TAIL_LINES = 20;

/** Opens the log file. One older log is kept beside it. */
async function openLog(path: string) {
  try {
    if ((await stat(path)).size > ROTATE_ABOVE_BYTES) await rename(path, `${path}.1`);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
  // The log may contain statements with email addresses, so only its owner may read it.
  const handle = await open(path, "a", 0o600);
  const { size } = await handle.stat();
  return { fd: handle.fd, close: () => handle.close(), readTail: () => readTail(path, size) };
}

async function readTail(path: string, start: number): Promise<string> {
  const handle = await open(path, "r");
  try {
    const position = Math.max(start, (await handle.stat()).size - TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(TAIL_BYTES), position });
    return buffer.toString("utf8", 0, bytesRead).trim().split("\n").slice(-TAIL_LINES).join("\n");
  } finally {
    await handle.close();
  }
}

/** Finds a TCP port that is free at this moment. Another program may still take it first. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") {
    throw new EmbeddedPostgresError("There is no free TCP port on 127.0.0.1.");
  }
  return address.port;
}

/** The server does not listen yet, recovers from a crash (57P03), or closed the connection while it started. */
const NOT_READY = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "CONNECT_TIMEOUT",
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "57P03",
]);
const RETRY_AFTER_MS = 15;

/** Waits until the server answers and returns its version, or undefined when `giveUp` returns true. */
export async function waitUntilReady(address: Address, giveUp: () => boolean): Promise<string | undefined> {
  while (!giveUp()) {
    try {
      return await ensureDatabase(address);
    } catch (error) {
      if (!NOT_READY.has(errorCode(error) ?? "")) throw error;
      await delay(RETRY_AFTER_MS);
    }
  }
  return undefined;
}

/** A fast shutdown takes as long as its checkpoint. */
const FAST_SHUTDOWN_WAIT_MS = 10_000;
const IMMEDIATE_SHUTDOWN_WAIT_MS = 5_000;

/** Tries PostgreSQL's fast shutdown (INT), its immediate shutdown (QUIT) and KILL, until the server is gone. */
export async function stopPostmaster(
  pid: number,
  cluster: Cluster,
  isGoneWithin: (waitMs: number) => Promise<boolean>,
): Promise<void> {
  if (await isGoneWithin(0)) return;
  await signal(pid, "INT", cluster);
  if (await isGoneWithin(FAST_SHUTDOWN_WAIT_MS)) return;
  await signal(pid, "QUIT", cluster);
  if (await isGoneWithin(IMMEDIATE_SHUTDOWN_WAIT_MS)) return;
  await signal(pid, "KILL", cluster);
  await isGoneWithin(IMMEDIATE_SHUTDOWN_WAIT_MS);
}

async function signal(pid: number, name: "INT" | "QUIT" | "KILL", { launch }: Cluster): Promise<void> {
  if (process.platform === "win32" && name !== "KILL") {
    // Windows has no such signals. PostgreSQL receives them from pg_ctl through a pipe.
    await runProgram(launch, programPath(launch.nativeDir, "pg_ctl"), ["kill", name, String(pid)]);
    return;
  }
  try {
    process.kill(pid, `SIG${name}`);
  } catch (error) {
    if (errorCode(error) !== "ESRCH") throw error;
  }
}

/** Finds the process of the running server of a cluster, whichever process started it. */
export function findPostmaster(clusterDir: string): number | undefined {
  const pid = readLockFile(clusterDir);
  return pid !== undefined && isPostmasterOf(pid, clusterDir) ? pid : undefined;
}

function readLockFile(clusterDir: string): number | undefined {
  try {
    // The number is negative for a single-user server.
    const pid = Math.abs(Number.parseInt(readFileSync(join(clusterDir, "postmaster.pid"), "utf8"), 10));
    return Number.isNaN(pid) ? undefined : pid;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Removes PostgreSQL's lock file if its number now belongs to another program, because PostgreSQL would refuse to start.
 * If the number belongs to no process, PostgreSQL itself checks for remains of the old server.
 */
export async function removeMisleadingLockFile(clusterDir: string): Promise<void> {
  const pid = readLockFile(clusterDir);
  if (pid === undefined || isPostmasterOf(pid, clusterDir)) return;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) === "ESRCH") return;
  }
  await rm(join(clusterDir, "postmaster.pid"), { force: true });
}
