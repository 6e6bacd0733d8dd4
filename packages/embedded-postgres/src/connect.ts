import { setTimeout as delay } from "node:timers/promises";
import postgres from "postgres";
import { SUPERUSER } from "./cluster.ts";
import { errorCode } from "./error.ts";

const DATABASE = "task_jobs";

export interface Address {
  port: number;
  password: string;
}

/** Not yet listening, still recovering (57P03), or the connection was cut while it started. */
const NOT_READY = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "CONNECT_TIMEOUT",
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "57P03",
]);
const RETRY_AFTER_MS = 15;

export function databaseUrl({ port, password }: Address): string {
  return `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${DATABASE}`;
}

/** The server's version once it answers and has our database; undefined when `giveUp` came first. */
export async function untilReady(address: Address, giveUp: () => boolean): Promise<string | undefined> {
  while (!giveUp()) {
    try {
      return await ensureDatabase(address);
    } catch (error) {
      if (!NOT_READY.has(errorCode(error) ?? "")) throw error;
      await delay(RETRY_AFTER_MS);
    }
  }
  return undefined;
}

async function ensureDatabase({ port, password }: Address): Promise<string> {
  const sql = postgres({
    host: "127.0.0.1",
    port,
    user: SUPERUSER,
    password,
    // Ours may not be there yet: this is the one that every cluster has.
    database: "postgres",
    max: 1,
    connect_timeout: 5,
    fetch_types: false,
    onnotice: () => {},
  });
  try {
    const [found] = await sql<{ version: string; exists: boolean }[]>`
      select current_setting('server_version') as version,
             exists (select from pg_database where datname = ${DATABASE}) as exists`;
    if (!found?.exists) await sql`create database ${sql(DATABASE)}`;
    return found?.version ?? "";
  } finally {
    await sql.end({ timeout: 1 });
  }
}
