import { drizzle } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import postgres from "postgres";
import { deadlineIn } from "../deadline.ts";
import type { OpenDatabase } from "./client.ts";
import { MIGRATIONS_DIR, NEWEST_MIGRATION, readNewestMigration } from "./newest-migration.ts";
import { socketFactory } from "./socket.ts";

/** Any constant will do, as long as every instance takes the same lock: drizzle's migrator takes none. */
export const MIGRATION_LOCK_ID = 4_207_311_902;

/** A probe wants an answer soon. */
const READY_TIMEOUT_MS = 1000;

/** Applies what is pending. Ten instances may call it at once: one works, the others wait and find nothing to do. */
export async function applyMigrations(url: string, connectTimeoutSeconds = 10): Promise<void> {
  const sql = postgres(url, {
    max: 1,
    fetch_types: false,
    onnotice: () => {},
    connect_timeout: connectTimeoutSeconds,
    // The lock is waited for, and a migration takes its time.
    ...{ socket: socketFactory({ silenceMs: null, tls: null }) },
  });
  try {
    await sql`select pg_advisory_lock(${MIGRATION_LOCK_ID})`;
    await migrate(drizzle(sql), { migrationsFolder: MIGRATIONS_DIR });
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** False also when the database cannot be asked. A database ahead of this program counts as migrated. */
export async function isMigrated({ sql, read }: OpenDatabase): Promise<boolean> {
  try {
    return (await read(deadlineIn(READY_TIMEOUT_MS), () => readNewestMigration(sql))) >= NEWEST_MIGRATION;
  } catch {
    return false;
  }
}
