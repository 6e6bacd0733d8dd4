import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const LOAD_PROCESS = fileURLToPath(new URL("load-process.mjs", import.meta.url));
const CONNECTIONS = 16;
const run = promisify(execFile);

/**
 * Sends requests to one server for a number of seconds, or until an amount of requests is reached: as fast as possible, or
 * `rate` per second.
 * `request` is { method, path, headers, body, offsets? }: with offsets each request uses the next offset in its path.
 */
export async function runLoad(origin, request, { connections = CONNECTIONS, seconds, amount, rate }) {
  const job = { url: origin, connections, seconds, amount, rate, ...request };
  const { stdout } = await run(process.execPath, [LOAD_PROCESS, JSON.stringify(job)], { maxBuffer: 1 << 24 });
  const result = JSON.parse(stdout);
  if (result.faults > 0 || result.answers === 0) {
    const statuses = result.statuses.join(", ") || "none";
    throw new Error(
      `${result.faults} requests failed of ${request.method} ${request.path}; statuses seen: ${statuses}`,
    );
  }
  return result;
}
