import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Sql } from "postgres";
import { isOfSchema } from "./faults.ts";

/** The same from `src/db` and from `dist/db`. */
export const MIGRATIONS_DIR = fileURLToPath(new URL("../../drizzle", import.meta.url));

/** The newest one that this program knows. */
export const NEWEST_MIGRATION = newestMigration();

/** The newest one that was applied to the database; 0 when none was. */
export async function readNewestMigration(sql: Sql): Promise<number> {
  try {
    const [newest] = await sql`select max(created_at) as at from drizzle.__drizzle_migrations`;
    return Number(newest?.at ?? 0);
  } catch (error) {
    if (isOfSchema(error)) return 0;
    throw error;
  }
}

function newestMigration(): number {
  const journal: { entries: { when: number }[] } = JSON.parse(
    readFileSync(`${MIGRATIONS_DIR}/meta/_journal.json`, "utf8"),
  );
  return Math.max(...journal.entries.map((entry) => entry.when));
}
