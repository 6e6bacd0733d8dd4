import { once } from "node:events";
import { createServer } from "node:http";
import postgres from "postgres";

/** The default of postgres.js, pg and this service. */
const POOL_SIZE = 10;
const TIMESTAMPTZ = 1184;

const FILTERS = ["status", "updated_since", "domain"];
const JOBS_PATH = /^\/api\/v1\/tasks\/([0-9a-f-]{36})\/jobs$/;

/**
 * @typedef {object} Page
 * @property {string} taskId
 * @property {number} limit
 * @property {number} offset
 * @property {boolean} [isCounted]
 * @property {string | undefined} [filter]
 * @property {string | null} [value]
 *
 * @typedef {object} PageQueries The data access of a server.
 * @property {(page: Page) => PromiseLike<readonly any[]>} findJobs
 * @property {(ids: readonly string[]) => Promise<Map<string, any>>} findEmails
 */

if (!process.env.DATABASE_URL) throw new Error("DATABASE_URL must be set");
export const databaseUrl = process.env.DATABASE_URL;

/** @param {import("node:http").RequestListener} handler */
export async function serve(handler) {
  await listen(createServer(handler));
}

/**
 * Listens on a free port and prints its URL.
 * @param {import("node:http").Server} server
 */
export async function listen(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  announce(`http://127.0.0.1:${port}`);
}

/**
 * Prints the same line as this service, from which the benchmark reads the URL.
 * @param {string} origin
 */
export function announce(origin) {
  console.log(`Listening on ${origin}`);
  process.once("SIGTERM", () => process.exit(0));
}

/** postgres.js with its defaults: prepared statements and timestamps as Date. */
export function connectWithDefaults() {
  return postgres(databaseUrl, { max: POOL_SIZE });
}

/**
 * Timestamps as RFC 3339 text, because Date loses microseconds and costs more.
 * @returns {postgres.Sql<any>}
 */
export function connectForText() {
  const parse = (text) => `${text.slice(0, 10)}T${text.slice(11, -3)}Z`;
  return postgres(databaseUrl, {
    max: POOL_SIZE,
    fetch_types: false,
    connection: { TimeZone: "UTC" },
    types: { timestamptz: { to: TIMESTAMPTZ, from: [TIMESTAMPTZ], serialize: String, parse } },
  });
}

/**
 * The parameters of the documented path, or null.
 * @param {string} target
 * @returns {Page | null}
 */
export function readJobsRequest(target) {
  const url = new URL(target, "http://localhost");
  const taskId = JOBS_PATH.exec(url.pathname)?.[1];
  if (taskId === undefined) return null;
  const filter = FILTERS.find((name) => url.searchParams.has(name));
  return {
    taskId,
    filter,
    isCounted: url.searchParams.get("count") === "1",
    value: filter === undefined ? null : url.searchParams.get(filter),
    limit: Number(url.searchParams.get("limit") ?? 10),
    offset: Number(url.searchParams.get("offset") ?? 0),
  };
}
