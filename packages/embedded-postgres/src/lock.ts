import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isPostmasterInProc, readProcessStat } from "./linux.ts";
import { EmbeddedPostgresError, errorCode } from "./programs.ts";

const isLinux = process.platform === "linux";

/** Identifies a process beyond the lifetime of its number, which a later process or another container may get. */
interface ProcessIdentity {
  pid: number;
  /** In the format of the system; null if the system does not provide it. */
  startedAt: string | null;
}

const identify = (pid: number): ProcessIdentity => ({ pid, startedAt: readStartTime(pid) });

export function isAlive({ pid, startedAt }: ProcessIdentity): boolean {
  if (!isRunning(pid)) return false;
  const now = readStartTime(pid);
  return startedAt === null || now === null || now === startedAt;
}

/** A zombie process does not count: signals still reach it, but it holds no resources. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) !== "EPERM") return false;
  }
  return !isLinux || !["Z", "X"].includes(readProcessStat(pid)?.state ?? "");
}

const readStartTime = (pid: number) =>
  isLinux ? (readProcessStat(pid)?.startedAt ?? null) : readProcessColumn(pid, "lstart");

/** Tells whether a process is the server of a cluster, as far as the system reveals it. */
export function isPostmasterOf(pid: number, clusterDir: string): boolean {
  if (!isRunning(pid)) return false;
  if (isLinux) return isPostmasterInProc(pid, clusterDir) ?? isRunning(pid);
  if (process.platform !== "win32") return basename(readProcessColumn(pid, "comm") ?? "") === "postgres";
  return readOutput("tasklist", ["/FI", `PID eq ${pid}`, "/NH"])?.includes("postgres") ?? true;
}

const readProcessColumn = (pid: number, column: "lstart" | "comm") =>
  process.platform === "win32" ? null : readOutput("ps", ["-o", `${column}=`, "-p", String(pid)]);

function readOutput(file: string, args: string[]): string | null {
  try {
    const env = { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C" };
    return execFileSync(file, args, { encoding: "utf8", env, stdio: ["ignore", "pipe", "ignore"] }).trim() || null;
  } catch {
    return null;
  }
}

/** Longer than any start, including one with crash recovery. */
const LOCK_WAIT_MS = 90_000;
/** A process writes its lock file right after creating it. A file that is still empty then belongs to a dead process. */
const EMPTY_LOCK_STALE_AFTER_MS = 5_000;

/** Lets one process at a time create, start or clean up a cluster. PostgreSQL's own lock file works below this lock. */
export async function withStartLock<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
  const lockPath = join(dataDir, "postgres.start.lock");
  const ownContent = JSON.stringify({ ...identify(process.pid), id: randomUUID() });
  const deadline = Date.now() + LOCK_WAIT_MS;
  while (!(await tryCreate(lockPath, ownContent))) {
    const content = await readOrEmpty(lockPath);
    if (await isStale(lockPath, content)) await removeStale(lockPath, content);
    else if (Date.now() > deadline) {
      const holder = content === "" ? "another process" : `process ${JSON.parse(content).pid}`;
      throw new EmbeddedPostgresError(
        `The embedded PostgreSQL in ${dataDir} has been starting in ${holder} for over ${LOCK_WAIT_MS / 1000} s. ` +
          `Stop that process; if it has nothing to do with this program, remove ${lockPath}.`,
      );
    } else await delay(20 + Math.random() * 30);
  }
  try {
    return await work();
  } finally {
    if ((await readOrEmpty(lockPath)) === ownContent) await rm(lockPath, { force: true });
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

async function isStale(path: string, content: string): Promise<boolean> {
  const holder = parseIdentity(content);
  if (holder !== undefined) return !isAlive(holder);
  try {
    return Date.now() - (await stat(path)).mtimeMs > EMPTY_LOCK_STALE_AFTER_MS;
  } catch {
    return false;
  }
}

/** Renames the file before removing it. If another process replaced it meanwhile, the new lock is put back. */
async function removeStale(path: string, staleContent: string): Promise<void> {
  const renamed = `${path}.${randomUUID()}`;
  try {
    await rename(path, renamed);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  if ((await readOrEmpty(renamed)) === staleContent) await rm(renamed, { force: true });
  else await rename(renamed, path);
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "";
    throw error;
  }
}

function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const parsed: ProcessIdentity = JSON.parse(text);
    return Number.isInteger(parsed.pid) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** The process that started the running server, and the port of the server. */
interface Owner extends ProcessIdentity {
  port: number;
}

const ownerPath = (dataDir: string) => join(dataDir, "postgres.owner.json");

/** Written before the server starts, so that a server without a living owner is always an orphan. */
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
