import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import type { Deadline } from "../values/deadline.ts";
import { openCluster } from "./citus/open-cluster.ts";
import type { PlanSwitch } from "./citus/plan-switch.ts";
import { PROBE_TIMEOUT_MS } from "./citus/worker-watch.ts";
import { readConnectionUrl } from "./connection-url.ts";
import { driverOptions } from "./driver-options.ts";
import { NEWEST_MIGRATION, readNewestMigration } from "./migration-journal.ts";
import { createReads } from "./reads/create-reads.ts";
import type { BeginExport, ExportConnections } from "./reads/reads.ts";
import { type Servers, serversOf, targetOfCommands, targetOfWrites } from "./servers/create-servers.ts";
import type { ServerAddress } from "./servers/server-list.ts";

export type Database = PostgresJsDatabase;
export type Sql = postgres.Sql;

/** patches/postgres+3.4.9.patch adds this property to the driver. */
export const isDriverRepaired = "isRepaired" in postgres;

/** The settings of every connection, which override those of the server, the database and the role. */
const SESSION_SETTINGS = {
  TimeZone: "UTC",
  DateStyle: "ISO",
  // The tables are assumed to be in memory or on an SSD. With the default of 4, PostgreSQL reads and sorts all jobs of a
  // task instead of scanning the page index to a deep offset.
  random_page_cost: 1.1,
} as const;

/**
 * The prepared statements of pages have the same best plan for all values, and planning them takes as long as running them.
 * The plan of a search depends on its values, and starting parallel workers takes longer than most searches.
 */
const PLANNING = {
  pages: { plan_cache_mode: "force_generic_plan" },
  // A string, because the driver omits a setting whose value is the number 0.
  searches: { plan_cache_mode: "force_custom_plan", max_parallel_workers_per_gather: "0" },
  /** Counting a million jobs is faster with parallel workers, whose number is left to the server. */
  counts: { plan_cache_mode: "force_custom_plan" },
} as const;

type Planning = (typeof PLANNING)[keyof typeof PLANNING] | Record<string, never>;

/** Only migrations lock the tables, and their locks should be short. */
const LOCK_TIMEOUT_MS = 500;
/** The time that is added to statement_timeout before a server that sends nothing counts as dead. */
const SILENCE_MARGIN_MS = 200;
/**
 * Many callers share one count of progress, so it may take longer than a request, as it does for a million jobs
 * (`docs/measurements/searches.md`).
 */
const COUNTS = { connections: 2, statementTimeoutMs: 10_000 } as const;
/** The statement_timeout of one FETCH of an export, which may scan a million jobs before its first match. */
const EXPORT_STATEMENT_TIMEOUT_MS = 30_000;
/** The number of workers of a Citus cluster that are checked at once. */
const MAX_PROBES = 4;
const CONNECT_TIMEOUT_S = 1;
/**
 * How long a connection waits for a server that suits target_session_attrs. A request of 1.9 s then survives a failover of about
 * a second; the connection of a command waits longer, because commands are not retried.
 */
const FAILOVER_PATIENCE_MS = { server: 1600, command: 5000 } as const;
/** The longest wait between two attempts to connect, so that requests succeed within a second after an outage. */
const MAX_RECONNECT_DELAY_S = 0.2;

/**
 * Disables pipelining, because a statement that is sent on a connection that is about to close would fail
 * (`docs/decisions/resilience.md`). The driver can then not begin transactions, which the pools of a server do not need.
 */
const ONE_AT_A_TIME = { max_pipeline: 0 } as const;

interface PoolOptions {
  url: string;
  /** Must be off for PgBouncer before 1.21 in transaction mode, where most prepared statements fail and are prepared again. */
  preparedStatements?: boolean;
  /** Undefined for commands, whose statements have no time limit. */
  statementTimeoutMs?: number;
  applicationName?: string;
  /** Whether statements write, so that they need the primary of several servers. */
  writes?: boolean;
  /** The servers that several pools of the same URL share. Without it the pool chooses by itself. */
  servers?: ServerAddress | Servers;
  onNotice?: (notice: postgres.Notice) => void;
  planSwitch?: PlanSwitch;
}

export interface DatabaseOptions extends PoolOptions {
  maxConnections: number;
  /** The primary answers the reads that fail at a replica, so that they are not retried there. */
  isReplica?: boolean;
}

/** Connects at the first query, so that this function succeeds even if the server is unreachable. */
export function openDatabase(databaseOptions: DatabaseOptions) {
  const { maxConnections } = databaseOptions;
  const servers = serversFor(databaseOptions);
  const options = { ...databaseOptions, servers };
  const probes = { ...options, statementTimeoutMs: PROBE_TIMEOUT_MS, applicationName: "task-jobs-worker-watch" };
  const cluster = openCluster(() => openPool(probes, MAX_PROBES, PLANNING.searches));
  // The statements of commands run once, so that a generic plan saves nothing.
  const pagePlanning = options.statementTimeoutMs === undefined ? {} : PLANNING.pages;
  const sql = openPool({ ...options, planSwitch: cluster.plans }, maxConnections, pagePlanning);
  // Searches have their own connections, so that a search of a million jobs does not delay pages.
  const searchConnections = Math.ceil(maxConnections / 2);
  const searchSql = openPool(options, searchConnections, PLANNING.searches);
  const countSql = openPool(limitedTo(COUNTS.statementTimeoutMs, options), COUNTS.connections, PLANNING.counts);
  const isOtherSchema = async (pool: Sql) => (await readNewestMigration(pool)) !== NEWEST_MIGRATION;
  const reads = {
    hasOutage: () => "hasOutage" in servers && servers.hasOutage(),
    retries: databaseOptions.isReplica !== true,
    cluster,
  };
  const readsOf = (pool: Sql, maxConnections: number) =>
    createReads({ ...reads, sql: pool, maxConnections, isOtherSchema: () => isOtherSchema(pool) });
  const exportConnections: ExportConnections = {
    open: () => openPool(limitedTo(EXPORT_STATEMENT_TIMEOUT_MS, options), 1, PLANNING.searches),
    isOtherSchema: () => isOtherSchema(sql),
    cancel: async (backend) => void (await sql`select pg_cancel_backend(${backend})`),
  };
  return {
    db: drizzle(sql, { casing: "snake_case" }),
    sql,
    ...readsOf(sql, maxConnections),
    searches: { sql: searchSql, ...readsOf(searchSql, searchConnections) },
    counts: { sql: countSql, ...readsOf(countSql, COUNTS.connections), timeoutMs: COUNTS.statementTimeoutMs },
    exports: {
      ...exportConnections,
      begin: <T>(deadline: Deadline | undefined, work: BeginExport<T>) => work(exportConnections, { deadline }),
    },
    onWorkerChange: cluster.workers.onWorkerChange,
    /** Waits for running queries, at most 5 s: without a limit it hangs after a reset connection (porsager/postgres#1130). */
    async close(): Promise<void> {
      await Promise.all([cluster.close(), ...[sql, searchSql, countSql].map((pool) => pool.end({ timeout: 5 }))]);
    },
  };
}

export type OpenDatabase = ReturnType<typeof openDatabase>;

/** Replaces the statement timeout, unless the options have none, as for commands. */
function limitedTo(statementTimeoutMs: number, options: PoolOptions): PoolOptions {
  return options.statementTimeoutMs === undefined ? options : { ...options, statementTimeoutMs };
}

function serversFor({ url, statementTimeoutMs, writes = false }: PoolOptions): ServerAddress | Servers {
  const { settings } = readConnectionUrl(url);
  if (writes) return serversOf(settings, { target: targetOfWrites(settings), patienceMs: FAILOVER_PATIENCE_MS.server });
  return statementTimeoutMs === undefined
    ? serversOf(settings, { target: targetOfCommands(settings), patienceMs: FAILOVER_PATIENCE_MS.command })
    : serversOf(settings, { target: settings.target, patienceMs: FAILOVER_PATIENCE_MS.server });
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
  const driver = driverOptions(settings, {
    silenceMs,
    timeoutMs: CONNECT_TIMEOUT_S * 1000,
    servers: options.servers ?? serversFor(options),
  });
  return postgres({
    ...driver,
    ...(options.planSwitch === undefined ? {} : { socket: options.planSwitch.wrap(driver.socket) }),
    max,
    prepare: settings.preparedStatements && (options.preparedStatements ?? true),
    // The lookup of array types causes an unhandled rejection if the connection is lost meanwhile (porsager/postgres#1223).
    fetch_types: false,
    connect_timeout: CONNECT_TIMEOUT_S,
    backoff: (retries) => Math.min(0.02 * 2 ** retries, MAX_RECONNECT_DELAY_S),
    onnotice: options.onNotice ?? (() => {}),
    // As text, because a `Date` would lose the microseconds.
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
