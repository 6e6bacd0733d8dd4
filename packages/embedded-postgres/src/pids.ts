import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync, realpathSync } from "node:fs";
import { basename } from "node:path";
import { errorCode } from "./error.ts";

/** A pid alone names whoever got the number last: after a reboot, or in a new container, where it is always 1. */
export interface ProcessIdentity {
  pid: number;
  /** Opaque; null where the system does not tell. */
  startedAt: string | null;
}

export function identify(pid: number): ProcessIdentity {
  return { pid, startedAt: startTime(pid) };
}

export function isAlive({ pid, startedAt }: ProcessIdentity): boolean {
  if (!exists(pid)) return false;
  const now = startTime(pid);
  return startedAt === null || now === null || now === startedAt;
}

/** False for a zombie: it holds nothing any more, although signals still find it. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) !== "EPERM") return false;
  }
  const state = linuxStat(pid)?.[0];
  return state !== "Z" && state !== "X";
}

function startTime(pid: number): string | null {
  if (process.platform === "linux") return linuxStat(pid)?.[19] ?? null;
  return ps(pid, "lstart");
}

/** The fields of /proc/PID/stat from `state` on; what is before may contain spaces and brackets. */
function linuxStat(pid: number): string[] | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

/** Whether this process is a PostgreSQL server of this cluster, as far as the system lets us see. */
export function isPostmasterOf(pid: number, clusterDir: string): boolean {
  if (!exists(pid)) return false;
  if (process.platform === "win32") {
    return run("tasklist", ["/FI", `PID eq ${pid}`, "/NH"])?.includes("postgres") ?? true;
  }
  if (process.platform !== "linux") return basename(ps(pid, "comm") ?? "") === "postgres";
  try {
    if (readFileSync(`/proc/${pid}/comm`, "latin1").trim() !== "postgres") return false;
  } catch {
    return exists(pid);
  }
  try {
    // A server works in its data directory; the link is readable to its user and to root.
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(clusterDir);
  } catch {
    return exists(pid);
  }
}

function ps(pid: number, column: "lstart" | "comm"): string | null {
  return process.platform === "win32" ? null : run("ps", ["-o", `${column}=`, "-p", String(pid)]);
}

function run(file: string, args: string[]): string | null {
  try {
    const env = { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C" };
    return execFileSync(file, args, { encoding: "utf8", env, stdio: ["ignore", "pipe", "ignore"] }).trim() || null;
  } catch {
    return null;
  }
}
