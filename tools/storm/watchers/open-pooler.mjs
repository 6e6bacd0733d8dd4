import { readFileSync } from "node:fs";
import postgres from "postgres";
import { startPgBouncer } from "../../../bench/harness/fleet.mjs";
import { findProgram } from "../../../bench/harness/programs.mjs";

const PASSWORD = "server-of-the-storm";
const RIGHTS = new URL("../../../deploy/grant-rights.sql", import.meta.url);

/**
 * Starts PgBouncer in transaction mode for the role `server` of the manual, which has the settings that PgBouncer ignores. The
 * environment variable PGBOUNCER chooses the program.
 */
export async function openPooler(databaseUrl) {
  const program = findProgram("pgbouncer");
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {}, fetch_types: false });
  try {
    await sql.unsafe(`create role server login password '${PASSWORD}'`);
    await sql.unsafe(readFileSync(RIGHTS, "utf8"));
  } finally {
    await sql.end({ timeout: 5 });
  }
  const url = new URL(databaseUrl);
  url.username = "server";
  url.password = PASSWORD;
  const { description, environment, stop } = await startPgBouncer(program, url.href);
  process.stdout.write(`${description}\n`);
  return { environment: { ...environment, MIGRATE: "off" }, stop };
}
