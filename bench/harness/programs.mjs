import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { delimiter } from "node:path";
import { treeCpuMs } from "./cpu.mjs";

/** Debian installs servers here, where the PATH of an ordinary user does not look. */
const MORE_FOLDERS = ["/usr/sbin", "/usr/local/sbin"];
/** The user id without rights on Debian, because PgBouncer refuses to run as root. */
const UNPRIVILEGED = 65_534;

/**
 * The path of a program, which an environment variable such as PGBOUNCER overrides.
 * @param {string} name
 */
export function findProgram(name) {
  const chosen = process.env[name.toUpperCase()];
  if (chosen) return chosen;
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...MORE_FOLDERS];
  const found = folders.map((folder) => `${folder}/${name}`).find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new Error(`${name} must be installed, or named by the environment variable ${name.toUpperCase()}`);
}

/**
 * The version that `program --version` prints first, as [major, minor].
 * @param {string} program
 */
export function versionOf(program) {
  const output = execFileSync(program, ["--version"], { stdio: ["ignore", "pipe", "pipe"] }).toString();
  const [, major, minor] = /(\d+)\.(\d+)/.exec(output) ?? [];
  return [Number(major), Number(minor)];
}

/**
 * Starts a program that stays in the foreground, and resolves once it accepts connections at the port.
 * @param {string} program
 * @param {string[]} args
 * @param {number} port
 */
export async function startProgram(program, args, port) {
  const user = process.getuid?.() === 0 ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
  const child = spawn(program, args, { ...user, stdio: ["ignore", "ignore", "pipe"] });
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (chunk) => {
    output = (output + chunk).slice(-2000);
  });
  const killAtExit = () => child.kill("SIGKILL");
  process.once("exit", killAtExit);
  const ended = new Promise((resolve) => child.once("close", resolve));

  const deadline = Date.now() + 10_000;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${program} did not start: ${output}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    cpuMs: () => treeCpuMs(child.pid),
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
      process.off("exit", killAtExit);
    },
  };
}

/** @returns {Promise<boolean>} */
function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
