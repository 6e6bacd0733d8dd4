import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { residentMb, treeCpuMs } from "./cpu.mjs";

const START_WAIT_MS = 60_000;
const STOP_WAIT_MS = 15_000;
const LISTENING_LINE = /Listening on (http:\/\/\S+)/;

/** The servers to kill if the benchmark is interrupted. */
const running = new Set();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/**
 * Starts a server and resolves when it prints its URL.
 * @param {URL} file
 * @param {Readonly<Record<string, string>>} environment
 * @param {string[]} [nodeOptions]
 */
export async function startServer(file, environment, nodeOptions = []) {
  const child = spawn(process.execPath, [...nodeOptions, fileURLToPath(file)], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    env: { PATH: process.env.PATH, NODE_ENV: "production", PORT: "0", HOST: "127.0.0.1", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const exited = once(child, "exit").then(() => running.delete(child));

  const origin = await untilListening(child);
  return {
    origin,
    cpuMs: () => treeCpuMs(child.pid),
    residentMb: () => residentMb(child.pid),
    stop: async () => {
      child.kill("SIGTERM");
      const kill = setTimeout(() => child.kill("SIGKILL"), STOP_WAIT_MS);
      await exited;
      clearTimeout(kill);
    },
  };
}

/**
 * @param {import("node:child_process").ChildProcessByStdio<null, import("node:stream").Readable, import("node:stream").Readable>} child
 * @returns {Promise<string>}
 */
function untilListening(child) {
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (why) => {
      child.kill("SIGKILL");
      reject(new Error(`${why}: ${output.trim().split("\n").slice(-8).join("\n")}`));
    };
    const timer = setTimeout(() => fail("did not listen in time"), START_WAIT_MS);
    child.once("exit", (code) => fail(`ended with code ${code}`));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk) => {
        // Only the end is kept, because a server that logs would fill the memory.
        output = (output + chunk).slice(-4000);
        const origin = LISTENING_LINE.exec(output)?.[1];
        if (origin === undefined) return;
        clearTimeout(timer);
        resolve(origin);
      });
    }
  });
}
