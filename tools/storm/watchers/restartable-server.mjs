import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { listening } from "../../support/server-under-test.mjs";

const RETRY_AFTER_MS = 100;
const MAX_STARTS = 20;

/** A server that keeps its port when it is started again. */
export async function openRestartableServer({ program, environment, seeLine }) {
  let port = "0";
  let child;
  let ended;
  let origin;

  async function start() {
    for (let attempt = 1; ; attempt++) {
      child = spawn(process.execPath, [program], {
        env: { PATH: process.env.PATH, ...environment, PORT: port },
        stdio: ["ignore", "pipe", "pipe"],
      });
      ended = once(child, "close");
      try {
        origin = await listening(child, ended, seeLine);
        port = new URL(origin).port;
        return;
      } catch (error) {
        // The workers of a killed server may hold the port for a moment, and the database may have no primary yet.
        if (attempt === MAX_STARTS) throw error;
        await delay(RETRY_AFTER_MS);
      }
    }
  }

  /** Resolves to the exit code or the signal. */
  async function stop(signal) {
    child.kill(signal);
    const [code, endedBy] = await ended;
    return code ?? endedBy;
  }

  await start();
  return {
    origin,
    stop,
    async restart(signal) {
      const end = await stop(signal);
      await start();
      return end;
    },
    freeze: () => child.kill("SIGSTOP"),
    thaw: () => child.kill("SIGCONT"),
  };
}
