import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { EmbeddedPostgresError, errorCode } from "./error.ts";
import { identify, isAlive, type ProcessIdentity } from "./pids.ts";

/** Longer than any start takes, a crash recovery included: who waits longer waits for somebody that hangs. */
const LOCK_WAIT_MS = 90_000;
/** A lock file is written right after it was made; if it is still empty then, its maker died in between. */
const EMPTY_LOCK_STALE_AFTER_MS = 5_000;

/** One process at a time makes, starts or cleans up the cluster. PostgreSQL's own interlocks lie below this one. */
export async function withStartLock<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
  const lockPath = join(dataDir, "postgres.start.lock");
  const mine = JSON.stringify({ ...identify(process.pid), id: randomUUID() });
  const deadline = Date.now() + LOCK_WAIT_MS;
  while (!(await tryCreate(lockPath, mine))) {
    const held = await readOrEmpty(lockPath);
    if (await isStale(lockPath, held)) await removeStale(lockPath, held);
    else if (Date.now() > deadline) {
      const holder = held === "" ? "another process" : `process ${JSON.parse(held).pid}`;
      throw new EmbeddedPostgresError(
        `The embedded PostgreSQL in ${dataDir} is being started by ${holder} for over ${LOCK_WAIT_MS / 1000} s. ` +
          `Stop that process; if it has nothing to do with this program, remove ${lockPath}.`,
      );
    } else await delay(20 + Math.random() * 30);
  }
  try {
    return await work();
  } finally {
    if ((await readOrEmpty(lockPath)) === mine) await rm(lockPath, { force: true });
  }
}

async function tryCreate(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

async function isStale(path: string, held: string): Promise<boolean> {
  const holder = parseIdentity(held);
  if (holder !== undefined) return !isAlive(holder);
  try {
    return Date.now() - (await stat(path)).mtimeMs > EMPTY_LOCK_STALE_AFTER_MS;
  } catch {
    return false;
  }
}

/** Two who find the same stale lock must not remove each other's new one: what was taken by mistake is put back. */
async function removeStale(path: string, stale: string): Promise<void> {
  const taken = `${path}.${randomUUID()}`;
  try {
    await rename(path, taken);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  if ((await readOrEmpty(taken)) === stale) await rm(taken, { force: true });
  else await rename(taken, path);
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "";
    throw error;
  }
}

/** Who answers for the running server, and where it listens. */
interface Owner extends ProcessIdentity {
  port: number;
}

const ownerPath = (dataDir: string) => join(dataDir, "postgres.owner.json");

/** Written before the server starts, so that a server without a living owner is always known to be an orphan. */
export async function writeOwner(dataDir: string, port: number): Promise<void> {
  const owner: Owner = { ...identify(process.pid), port };
  const unfinished = `${ownerPath(dataDir)}.${process.pid}`;
  await writeFile(unfinished, JSON.stringify(owner), { mode: 0o600 });
  await rename(unfinished, ownerPath(dataDir));
}

export function readOwner(dataDir: string): Owner | undefined {
  try {
    const owner: Owner = JSON.parse(readFileSync(ownerPath(dataDir), "utf8"));
    return Number.isInteger(owner.pid) && Number.isInteger(owner.port) ? owner : undefined;
  } catch (error) {
    if (errorCode(error) === "EACCES") throw error;
    return undefined;
  }
}

export async function removeOwner(dataDir: string): Promise<void> {
  if (readOwner(dataDir)?.pid === process.pid) await rm(ownerPath(dataDir), { force: true });
}

function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const parsed: ProcessIdentity = JSON.parse(text);
    return Number.isInteger(parsed.pid) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
