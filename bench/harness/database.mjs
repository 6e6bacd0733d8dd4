import { readFileSync } from "node:fs";
import postgres from "postgres";
import { openEmbeddedPostgres } from "#embedded-postgres";
import { treeCpuMs } from "./cpu.mjs";

const SETTINGS = {
  shared_buffers: "512MB",
  // Nine servers with a pool of ten connections each run at the same time.
  max_connections: "200",
  // The same for all servers. With the default of 4 a deep OFFSET sorts the whole task and takes even longer.
  random_page_cost: "1.1",
};

/**
 * Starts the embedded PostgreSQL with the settings of a real server: durable, and with memory for the page index.
 * @param {string} dataDir
 */
export async function openBenchDatabase(dataDir) {
  const server = await openEmbeddedPostgres({ dataDir, mode: "start", settings: SETTINGS });
  const postmasterPid = Number(readFileSync(`${dataDir}/postgres/postmaster.pid`, "latin1").split("\n")[0]);
  return {
    version: server.version,
    /** The URL of a database by its name. */
    urlOf: (/** @type {string} */ name) => Object.assign(new URL(server.url), { pathname: `/${name}` }).href,
    cpuMs: () => treeCpuMs(postmasterPid),
    close: () => server.stop(),
  };
}

/**
 * @param {string} url
 * @param {postgres.Options<{}>} [options]
 */
export function connect(url, options = {}) {
  return postgres(url, { max: 1, onnotice: () => {}, fetch_types: false, ...options });
}

/**
 * Runs `work` with one connection.
 * @template T
 * @param {string} url
 * @param {(sql: postgres.Sql) => Promise<T> | T} work
 * @param {postgres.Options<{}>} [options]
 */
export async function withConnection(url, work, options) {
  const sql = connect(url, options);
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}
