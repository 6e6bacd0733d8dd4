import { once } from "node:events";
import http, { type IncomingMessage } from "node:http";
import type { TestDatabase } from "./test-database.ts";
import { serveDatabase } from "./test-server.ts";

export type ExportServer = Awaited<ReturnType<typeof serveExports>>;

interface ReaderOptions {
  readonly userId: string;
  readonly maxStallMs?: number;
  readonly minBytesPerSecond?: number;
  readonly silenceTimeoutMs?: number;
}

/** Starts a server on this database and creates an API key of this user for exports. */
export async function serveExports(database: TestDatabase, options: ReaderOptions) {
  const { userId, maxStallMs = 120_000, minBytesPerSecond = 1, silenceTimeoutMs = 30_000 } = options;
  const served = await serveDatabase(
    database.url,
    { LOG_LEVEL: "silent" },
    { exportReader: { maxStallMs, minBytesPerSecond }, httpLimits: { silenceTimeoutMs } },
  );
  const { get, key } = await served.as({ userId });
  const pathOf = (taskId: string, query = "") => `/api/v1/tasks/${taskId}/jobs/export?${query}`;
  return {
    close: served.close,
    as: served.as,
    port: served.port,
    key,
    pathOf,
    get: (taskId: string, query = "", init: RequestInit = {}) => get(pathOf(taskId, query), init),
    /** The response is paused, so that the test decides whether to read its body. */
    async open(taskId: string, query = "", headers = {}): Promise<IncomingMessage> {
      const options = { headers: { "X-API-Key": key, ...headers }, agent: false };
      const [response] = await once(http.get(served.url + pathOf(taskId, query), options), "response");
      return response;
    },
  };
}

/** The open transactions of exports in PostgreSQL. */
export async function exportsInDatabase({ sql }: TestDatabase) {
  return await sql`
    select state from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle' and xact_start is not null
      and query ~ 'exported'`;
}
