import { readdirSync, readFileSync } from "node:fs";

/** USER_HZ, the unit of CPU times in /proc, which is always 100 on Linux. */
const MS_PER_TICK = 10;

/**
 * Returns the user and system CPU time of a process and its descendants. The time of children that have ended is in `cutime` of their
 * parent, so it includes parallel workers and closed backends.
 * @param {number | undefined} pid
 */
export function treeCpuMs(pid) {
  return treeOf(pid).reduce((sum, { ticks }) => sum + ticks, 0) * MS_PER_TICK;
}

/**
 * Returns the resident memory of a process and its descendants.
 * @param {number | undefined} pid
 */
export function residentMb(pid) {
  const kilobytes = treeOf(pid).map((member) =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${member.pid}/status`, "latin1"))?.[1] ?? 0),
  );
  return kilobytes.reduce((sum, value) => sum + value, 0) / 1024;
}

/** The process and its descendants. */
function treeOf(root) {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const processes = new Map(all.flatMap((name) => readStat(name) ?? []).map((stat) => [stat.pid, stat]));
  const isBelow = (stat) => {
    for (let at = stat; at !== undefined; at = processes.get(at.parent)) if (at.pid === root) return true;
    return false;
  };
  return [...processes.values()].filter(isBelow);
}

/** Undefined if the process has ended. */
function readStat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The process name, up to the last bracket, may contain spaces and brackets.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const [user, system, childUser, childSystem] = fields.slice(11, 15).map(Number);
    return { pid: Number(pid), parent: Number(fields[1]), ticks: user + system + childUser + childSystem };
  } catch {
    return undefined;
  }
}
