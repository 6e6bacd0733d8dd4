import { setTimeout as delay } from "node:timers/promises";

const PAUSE_MS = 400;
const RETRY_AFTER_MS = 200;
const MAX_TRIES = 25;

/** The faults of a run by name, each of which resolves when its cause is over. `backends` are the faults of single backends. */
export function watcherFaults({ backends, failOver, servers, watchers, random }) {
  const some = () => watchers.filter(() => random() < 0.5);
  const serverEnds = [];
  let next = 0;
  const nextServer = () => servers[next++ % servers.length];
  // After a failover the first statement on each connection of the tool itself fails, too.
  const insist = async (work) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (attempt === MAX_TRIES) throw error;
        await delay(RETRY_AFTER_MS);
      }
    }
  };
  const restart = async (signal, expected) => {
    const end = await nextServer().restart(signal);
    if (end !== expected) serverEnds.push(`a server ended with ${end} after ${signal}`);
  };
  return {
    serverEnds,
    faults: {
      cut: async () => {
        for (const watcher of some()) watcher.cut();
      },
      stall: () => Promise.all(some().map((watcher) => watcher.stall(3000))),
      kill: async () => {
        for (let count = 0; count < 15; count++) await insist(backends.kill);
      },
      freeze: () => insist(() => backends.freeze(2500)),
      lock: () => insist(() => backends.lock(1500)),
      "stop server": () => restart("SIGTERM", 0),
      "kill server": () => restart("SIGKILL", "SIGKILL"),
      "freeze server": async () => {
        const server = nextServer();
        server.freeze();
        await delay(2500);
        server.thaw();
      },
      ...(failOver === undefined ? {} : { failover: () => failOver(800) }),
    },
  };
}

/** Without a standby. The short run of the tests ends after the first four. */
const SINGLE_SERVER = ["kill", "stop server", "cut", "kill server", "lock", "stall", "freeze server", "freeze"];
/** The primary fails in three ways in turn. */
const REPLICATED = [
  ...["failover", "cut", "kill", "stop server", "lock"],
  ...["failover", "freeze", "kill server", "stall"],
  ...["failover", "freeze server"],
];

/** Injects one fault after another until the time is over, and returns how often each was injected. */
export async function injectWatcherFaults(faults, { isReplicated, isOver }) {
  const injected = {};
  const order = isReplicated ? REPLICATED : SINGLE_SERVER;
  for (let round = 0; !isOver(); round++) {
    const name = order[round % order.length];
    await faults[name]();
    injected[name] = (injected[name] ?? 0) + 1;
    await delay(PAUSE_MS);
  }
  return injected;
}
