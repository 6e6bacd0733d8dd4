import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import { readConnectionUrl } from "./connection-url.ts";
import { driverOptions } from "./driver-options.ts";
import { NEWEST_MIGRATION, readNewestMigration } from "./migration-journal.ts";
import { openReads } from "./reads.ts";

export type Database = PostgresJsDatabase;
export type Sql = postgres.Sql;

/** patches/postgres+3.4.9.patch adds this property to the driver. */
export const isDriverRepaired = "isRepaired" in postgres;

/** Of every connection, whatever the server, the database or the role is set to. */
const SESSION_SETTINGS = {
  TimeZone: "UTC",
  DateStyle: "ISO",
  // Our tables lie in memory or on SSDs. With the default of 4 Postgres rather reads and sorts all jobs of a task than
  // walk the page index to a deep offset.
  random_page_cost: 1.1,
} as const;

/**
 * A page's statements have one good plan each, forced by their shape: left alone Postgres plans a page anew every time,
 * for as long as it takes to read it. A search is another statement each time, and its plan depends on its values; to start parallel
 * workers for one takes longer than most pages do (8.7 instead of 2.4 ms by domain among a million).
 */
const PLANNING = {
  pages: { plan_cache_mode: "force_generic_plan" },
  // As text: the driver leaves out a setting that is 0.
  searches: { plan_cache_mode: "force_custom_plan", max_parallel_workers_per_gather: "0" },
  /** A count of a million jobs is worth its workers, as many as the server is set to. */
  counts: { plan_cache_mode: "force_custom_plan" },
} as const;

type Planning = (typeof PLANNING)[keyof typeof PLANNING];

/** A lock is a migration's, and those should be short. */
const LOCK_TIMEOUT_MS = 500;
/** How much longer than its own limit a statement may leave its socket mute, before it is the server that is gone. */
const SILENCE_MARGIN_MS = 200;
/**
 * A count that many wait for together is worth more than the time of one of them: a million jobs with their emails, among
 * 1.8 million, take 1.0 to 1.4 s on two busy cores.
 */
const COUNTS = { connections: 2, statementTimeoutMs: 10_000 } as const;
/** Of one batch of an export, which may pass over a million jobs for its first match. */
const EXPORT_STATEMENT_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_S = 1;
/** Each try to reconnect waits this long at the most, so that the first good answer comes within a second. */
const MAX_RECONNECT_DELAY_S = 0.2;

/**
 * No statement is sent behind another. The gate alone does not see to that: a connection that is dying has answered its
 * statement with an error and still counts as open, and what is sent there fails with it (docs/decisions/resilience.md).
 * With it the driver cannot begin transactions, which a server's pool has none of.
 */
const ONE_AT_A_TIME = { max_pipeline: 0 } as const;

interface PoolOptions {
  url: string;
  /** Off for PgBouncer before 1.21 in transaction mode, where nearly each one fails first and is prepared again. */
  preparedStatements?: boolean;
  /** For a server's pool; a command's statements may take their time. */
  statementTimeoutMs?: number;
  applicationName?: string;
  onNotice?: (notice: postgres.Notice) => void;
}

export interface DatabaseOptions extends PoolOptions {
  maxConnections: number;
}

/** A pool of connections, and the way in which reads reach it. */
export type Pool = Pick<OpenDatabase, "sql" | "read">;

/** Connects lazily: an unreachable server shows at the first query, not here. */
export function openDatabase(options: DatabaseOptions) {
  const { maxConnections } = options;
  const sql = openPool(options, maxConnections, PLANNING.pages);
  // Half as many, and their own: whoever searches a million jobs holds up no page.
  const searchConnections = Math.ceil(maxConnections / 2);
  const searchSql = openPool(options, searchConnections, PLANNING.searches);
  const countSql = openPool(limitedTo(COUNTS.statementTimeoutMs, options), COUNTS.connections, PLANNING.counts);
  const isOtherSchema = async (pool: Sql) => (await readNewestMigration(pool)) !== NEWEST_MIGRATION;
  const readsOf = (pool: Sql, connections: number) => openReads(connections, () => isOtherSchema(pool));
  return {
    db: drizzle(sql, { casing: "snake_case" }),
    sql,
    ...readsOf(sql, maxConnections),
    searches: { sql: searchSql, ...readsOf(searchSql, searchConnections) },
    counts: { sql: countSql, ...readsOf(countSql, COUNTS.connections), timeoutMs: COUNTS.statementTimeoutMs },
    exports: {
      /** One connection of an export's own, which whoever opened it ends: there alone the driver lets a transaction begin. */
      open: () => openPool(limitedTo(EXPORT_STATEMENT_TIMEOUT_MS, options), 1, PLANNING.searches),
      isOtherSchema: () => isOtherSchema(sql),
      /** Ends the statement that an export's connection is busy with. */
      cancel: async (backend: number) => void (await sql`select pg_cancel_backend(${backend})`),
    },
    /** Waits for running queries, at most 5 s: without a limit it hangs after a reset connection (porsager/postgres#1130). */
    async close(): Promise<void> {
      await Promise.all([sql, searchSql, countSql].map((pool) => pool.end({ timeout: 5 })));
    },
  };
}

export type OpenDatabase = ReturnType<typeof openDatabase>;

/** Where there is a limit at all. */
function limitedTo(statementTimeoutMs: number, options: PoolOptions): PoolOptions {
  return options.statementTimeoutMs === undefined ? options : { ...options, statementTimeoutMs };
}

export function openPool(options: PoolOptions, max: number, planning: Planning = PLANNING.pages): Sql {
  const { url, statementTimeoutMs } = options;
  const limits =
    statementTimeoutMs === undefined
      ? {}
      : {
          statement_timeout: statementTimeoutMs,
          lock_timeout: Math.min(LOCK_TIMEOUT_MS, statementTimeoutMs),
          idle_in_transaction_session_timeout: 5000,
        };
  const { settings } = readConnectionUrl(url);
  const silenceMs = statementTimeoutMs === undefined ? null : statementTimeoutMs + SILENCE_MARGIN_MS;
  return postgres({
    ...driverOptions(settings, { silenceMs, timeoutMs: CONNECT_TIMEOUT_S * 1000 }),
    max,
    prepare: settings.preparedStatements && (options.preparedStatements ?? true),
    // Its lookup of array types races with a lost connection and ends in an unhandled rejection (porsager/postgres#1223).
    fetch_types: false,
    connect_timeout: CONNECT_TIMEOUT_S,
    backoff: (retries) => Math.min(0.02 * 2 ** retries, MAX_RECONNECT_DELAY_S),
    onnotice: options.onNotice ?? (() => {}),
    // As text, like drizzle's pool: a Date loses microseconds.
    types: {
      timestamptz: { to: 1184, from: [1184], serialize: (text: string) => text, parse: (text: string) => text },
    },
    connection: {
      application_name: settings.applicationName ?? options.applicationName ?? "task-jobs-api",
      ...(settings.options === undefined ? {} : { options: settings.options }),
      ...planning,
      ...SESSION_SETTINGS,
      ...limits,
    },
    ...(statementTimeoutMs === undefined ? {} : ONE_AT_A_TIME),
  });
}
