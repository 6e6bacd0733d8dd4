import { createServer } from "node:net";

/** Linux chooses ports from 32768 on for connections and for servers on port 0, so it gives away none of these ports. */
const FIRST = 10_000;
const LAST = 32_767;

/** Ports that no program listens on, for programs that need them before they start. */
export async function findFreePorts(/** @type {number} */ count) {
  /** @type {Set<number>} */
  const ports = new Set();
  while (ports.size < count) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

/** @returns {Promise<boolean>} */
function isFree(/** @type {number} */ port) {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
