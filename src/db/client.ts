import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import { openReads } from "./reads.ts";
import { socketFactory } from "./socket.ts";

export type Database = PostgresJsDatabase;
export type Sql = postgres.Sql;

/** Of every connection, whatever the server, the database or the role is set to. */
const SESSION_SETTINGS = {
  TimeZone: "UTC",
  DateStyle: "ISO",
  // Our tables lie in memory or on SSDs. With the default of 4 Postgres rather reads and sorts all jobs of a task than
  // walk the page index to a deep offset.
  random_page_cost: 1.1,
  // Our statements have one good plan each, forced by their shape. Left alone Postgres plans a page anew every time, for
  // as long as it takes to read it.
  plan_cache_mode: "force_generic_plan",
} as const;

/** A lock is a migration's, and those should be short. */
const LOCK_TIMEOUT_MS = 500;
/** How much longer than its own limit a statement may leave its socket mute, before it is the server that is gone. */
const SILENCE_MARGIN_MS = 200;
/** Each try to reconnect waits this long at the most, so that the first good answer comes within a second. */
const MAX_RECONNECT_DELAY_S = 0.2;

/**
 * No statement is sent behind another. The gate alone does not see to that: a connection that is dying has answered its
 * statement with an error and still counts as open, and the driver loses what it sends there (docs/decisions/resilience.md).
 * With it the driver cannot begin transactions, which a server's pool has none of.
 */
const ONE_AT_A_TIME = { max_pipeline: 0 } as const;

export interface DatabaseOptions {
  url: string;
  maxConnections: number;
  /** Off for PgBouncer before 1.21 in transaction mode, which hangs on prepared statements. */
  preparedStatements?: boolean;
  /** For a server's pool; a command's statements may take their time. */
  statementTimeoutMs?: number;
  applicationName?: string;
  onNotice?: (notice: postgres.Notice) => void;
}

/** Connects lazily: an unreachable server shows at the first query, not here. */
export function openDatabase(options: DatabaseOptions) {
  const { url, maxConnections, statementTimeoutMs } = options;
  const limits =
    statementTimeoutMs === undefined
      ? {}
      : {
          statement_timeout: statementTimeoutMs,
          lock_timeout: Math.min(LOCK_TIMEOUT_MS, statementTimeoutMs),
          idle_in_transaction_session_timeout: 5000,
        };
  const sql = postgres(url, {
    max: maxConnections,
    prepare: options.preparedStatements ?? true,
    // Its lookup of array types races with a lost connection and ends in an unhandled rejection (porsager/postgres#1223).
    fetch_types: false,
    connect_timeout: 1,
    backoff: (retries) => Math.min(0.02 * 2 ** retries, MAX_RECONNECT_DELAY_S),
    onnotice: options.onNotice ?? (() => {}),
    connection: { application_name: options.applicationName ?? "task-jobs-api", ...SESSION_SETTINGS, ...limits },
    ...(statementTimeoutMs === undefined
      ? {}
      : { ...ONE_AT_A_TIME, socket: socketFactory(statementTimeoutMs + SILENCE_MARGIN_MS) }),
  });
  return {
    db: drizzle(sql, { casing: "snake_case" }),
    sql,
    ...openReads(maxConnections),
    /** Waits for running queries, at most 5 s: without a limit it hangs after a reset connection (porsager/postgres#1130). */
    close: () => sql.end({ timeout: 5 }),
  };
}

export type OpenDatabase = ReturnType<typeof openDatabase>;
