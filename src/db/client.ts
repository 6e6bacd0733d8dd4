import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import postgres from "postgres";

export type Database = PostgresJsDatabase & { readonly $client: Sql };
export type Sql = postgres.Sql;

/** Of every connection, whatever the server, the database or the role is set to. */
export const SESSION_SETTINGS = {
  TimeZone: "UTC",
  DateStyle: "ISO",
  // Our tables lie in memory or on SSDs. With the default of 4 Postgres rather reads and sorts all jobs of a task than
  // walk the page index to a deep offset.
  random_page_cost: 1.1,
  // Our statements have one good plan each, forced by their shape. Left alone Postgres plans a page anew every time, for
  // as long as it takes to read it.
  plan_cache_mode: "force_generic_plan",
} as const;

export interface DatabaseOptions {
  url: string;
  maxConnections: number;
  /** Off for PgBouncer before 1.21 in transaction mode, which hangs on prepared statements. */
  preparedStatements?: boolean;
  applicationName?: string;
}

/** Connects lazily: an unreachable server shows at the first query, not here. */
export function openDatabase(options: DatabaseOptions) {
  const sql = postgres(options.url, {
    max: options.maxConnections,
    prepare: options.preparedStatements ?? true,
    // Its lookup of array types races with a lost connection and ends in an unhandled rejection (porsager/postgres#1223).
    fetch_types: false,
    connect_timeout: 5,
    onnotice: () => {},
    connection: {
      application_name: options.applicationName ?? "task-jobs-api",
      ...SESSION_SETTINGS,
    },
  });
  return {
    db: drizzle(sql, { casing: "snake_case" }),
    sql,
    /** Waits for running queries, at most 5 s: without a limit it hangs after a reset connection (porsager/postgres#1130). */
    close: () => sql.end({ timeout: 5 }),
  };
}

export type OpenDatabase = ReturnType<typeof openDatabase>;
