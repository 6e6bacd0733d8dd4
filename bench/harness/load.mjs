import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** @import { HttpRequest, Load, LoadResult } from "../types.ts" */

const LOAD_PROCESS = fileURLToPath(new URL("../peers/load-process.mjs", import.meta.url));
const CONNECTIONS = 16;
const run = promisify(execFile);

/**
 * Sends requests to one server, as fast as possible or at the rate per second of the load.
 * @param {string} origin
 * @param {HttpRequest} request
 * @param {Load} load
 * @returns {Promise<LoadResult>}
 */
export async function runLoad(origin, request, load) {
  const args = [LOAD_PROCESS, JSON.stringify({ url: origin, connections: CONNECTIONS, ...load, ...request })];
  const { stdout } = await run(process.execPath, args, { maxBuffer: 1 << 24 });
  const result = JSON.parse(stdout);
  if (result.faults > 0 || result.answers === 0) {
    const statuses = result.statuses.join(", ") || "none";
    throw new Error(
      `${result.faults} requests failed of ${request.method} ${request.path}; statuses seen: ${statuses}`,
    );
  }
  return result;
}
