import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { binaryPath } from "./binaries.ts";
import { EmbeddedPostgresError, errorCode } from "./error.ts";
import { type Launch, runToEnd } from "./launch.ts";
import { isPostmasterOf } from "./pids.ts";

/** A fast shutdown ends with a checkpoint, 10 to 60 ms here; the rest is for a disk that is busy with something else. */
const FAST_SHUTDOWN_WAIT_MS = 10_000;
const IMMEDIATE_SHUTDOWN_WAIT_MS = 5_000;

/** Asks ever less politely; returns when it is gone, or when nothing helped. */
export async function endPostmaster(
  pid: number,
  launch: Launch,
  isGoneWithin: (waitMs: number) => Promise<boolean>,
): Promise<void> {
  if (await isGoneWithin(0)) return;
  await signal(pid, "INT", launch);
  if (await isGoneWithin(FAST_SHUTDOWN_WAIT_MS)) return;
  await signal(pid, "QUIT", launch);
  if (await isGoneWithin(IMMEDIATE_SHUTDOWN_WAIT_MS)) return;
  await signal(pid, "KILL", launch);
  await isGoneWithin(IMMEDIATE_SHUTDOWN_WAIT_MS);
}

/** INT is PostgreSQL's fast shutdown, QUIT its immediate one. Windows knows neither; pg_ctl brings its own way. */
async function signal(pid: number, name: "INT" | "QUIT" | "KILL", launch: Launch): Promise<void> {
  if (process.platform === "win32" && name !== "KILL") {
    await runToEnd(launch, binaryPath(launch.nativeDir, "pg_ctl"), ["kill", name, String(pid)]);
    return;
  }
  try {
    process.kill(pid, `SIG${name}`);
  } catch (error) {
    if (errorCode(error) !== "ESRCH") throw error;
  }
}

/** The living server of this cluster, whoever started it. */
export function findPostmaster(clusterDir: string): number | undefined {
  const pid = pidInLockFile(clusterDir);
  return pid !== undefined && isPostmasterOf(pid, clusterDir) ? pid : undefined;
}

function pidInLockFile(clusterDir: string): number | undefined {
  try {
    // Negative for a single-user server.
    const pid = Math.abs(Number.parseInt(readFileSync(join(clusterDir, "postmaster.pid"), "utf8"), 10));
    return Number.isNaN(pid) ? undefined : pid;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

export async function waitUntilGone(pid: number, clusterDir: string, waitMs: number): Promise<boolean> {
  const deadline = Date.now() + waitMs;
  while (isPostmasterOf(pid, clusterDir)) {
    if (Date.now() > deadline) return false;
    await delay(10);
  }
  return true;
}

/** For a server whose owner is dead: the kernel is stopping it already, or, where it does not do that, we do. */
export async function endOrphan(pid: number, launch: Launch, clusterDir: string): Promise<void> {
  await endPostmaster(pid, launch, (waitMs) => waitUntilGone(pid, clusterDir, waitMs));
  if (!isPostmasterOf(pid, clusterDir)) return;
  throw new EmbeddedPostgresError(
    `A PostgreSQL server (process ${pid}) left over in ${clusterDir} does not stop. Stop it, then start again.`,
  );
}

/**
 * PostgreSQL refuses to start while any process has the number in its lock file, be it a zombie or somebody else's.
 * Only then is the file removed: with a number nobody has, PostgreSQL itself looks for leftovers of the old server first.
 */
export async function removeMisleadingLockFile(clusterDir: string): Promise<void> {
  const pid = pidInLockFile(clusterDir);
  if (pid === undefined || isPostmasterOf(pid, clusterDir)) return;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) === "ESRCH") return;
  }
  await rm(join(clusterDir, "postmaster.pid"), { force: true });
}
