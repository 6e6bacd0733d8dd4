import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { applyMigrations } from "#server/db/migrate.js";
import { withConnection } from "./database.mjs";

/** @import { BenchDatabase } from "../types.ts" */

export const DATA = {
  userId: "10000000-0000-4000-8000-000000000001",
  pageTaskId: "10000000-0000-4000-8000-0000000000a1",
  pageTaskJobs: 2_000,
  largeTaskId: "10000000-0000-4000-8000-0000000000a2",
  largeTaskJobs: 500_000,
  /** This task has jobs in every state, of which some changed much later. It is paged, searched, polled and exported. */
  hugeTaskId: "10000000-0000-4000-8000-0000000000a3",
  hugeTaskJobs: 1_000_000,
  lateChange: "2025-06-01T00:00:00Z",
  jobs: 2_000_000,
};
const OTHER_TASKS = 995;
const DATA_SQL = new URL("data.sql", import.meta.url);
const MIGRATIONS = new URL("../../drizzle/", import.meta.url);
const PREFIX = "bench_data_";

/**
 * Creates the data unless it exists with the same statements and migrations. Resolves to the URL of the database.
 * @param {BenchDatabase} database
 * @param {(text: string) => void} say
 */
export async function createDataOnce(database, say) {
  const name = `${PREFIX}${hashOfData()}`;
  const unfinished = "bench_unfinished";
  await withConnection(database.urlOf("postgres"), async (admin) => {
    const known = await admin`select datname from pg_database where datname like ${`${PREFIX}%`}`;
    if (known.some(({ datname }) => datname === name)) return;

    say(`Creating ${DATA.jobs.toLocaleString("en-US")} jobs …`);
    for (const { datname } of known) await admin`drop database ${admin(datname)}`;
    await admin`drop database if exists ${admin(unfinished)}`;
    await admin`create database ${admin(unfinished)}`;
    await fill(database.urlOf(unfinished));
    // A later run looks for this name, so only complete data gets it.
    await admin`alter database ${admin(unfinished)} rename to ${admin(name)}`;
  });
  return database.urlOf(name);
}

async function fill(url) {
  await applyMigrations(url);
  await withConnection(url, async (sql) => {
    await sql`select set_config('bench.user_id', ${DATA.userId}, false),
                     set_config('bench.page_task_id', ${DATA.pageTaskId}, false),
                     set_config('bench.large_task_id', ${DATA.largeTaskId}, false),
                     set_config('bench.page_task_jobs', ${String(DATA.pageTaskJobs)}, false),
                     set_config('bench.large_task_jobs', ${String(DATA.largeTaskJobs)}, false),
                     set_config('bench.huge_task_id', ${DATA.hugeTaskId}, false),
                     set_config('bench.huge_task_jobs', ${String(DATA.hugeTaskJobs)}, false),
                     set_config('bench.late_change', ${DATA.lateChange}, false),
                     set_config('bench.other_tasks', ${String(OTHER_TASKS)}, false),
                     set_config('bench.jobs', ${String(DATA.jobs)}, false)`;
    await sql.unsafe(readFileSync(DATA_SQL, "utf8")).simple();
    await sql`vacuum (analyze)`;
    await sql`checkpoint`;
  });
}

function hashOfData() {
  const hash = createHash("sha256").update(readFileSync(DATA_SQL)).update(JSON.stringify({ DATA, OTHER_TASKS }));
  for (const file of readdirSync(fileURLToPath(MIGRATIONS))
    .filter((name) => name.endsWith(".sql"))
    .sort()) {
    hash.update(readFileSync(new URL(file, MIGRATIONS)));
  }
  return hash.digest("hex").slice(0, 16);
}
