import { readFileSync } from "node:fs";
import { applyMigrations } from "#server/db/migrate.js";
import { withConnection } from "../harness/database.mjs";
import { figureRow } from "../harness/measure.mjs";

/** @import { Bench, Workload } from "../types.ts" */

const DATABASE = "bench_storage";
const FILL_SQL = readFileSync(new URL("../harness/storage.sql", import.meta.url), "utf8");
const JOBS_PER_TASK = 10_000;
const TASKS = 200;
const QUICK_TASKS = 10;
/** Autovacuum with its default settings starts after a fifth of a table has changed, which is too late for a large one. */
const CHANGED_SHARE = 0.02;
const RELATIONS = ["tasks", "task_email_jobs", "emails", "task_job_totals"];

/** How the rows arrive: the names of procedures in storage.sql. */
const HISTORIES = [
  { name: "imported without results", fill: "import_jobs_without_results" },
  { name: "imported with results", fill: "import_jobs_with_results" },
  { name: "imported, then completed by updates", fill: "write_results_of_workers" },
];

/** @type {Workload} */
export const storage = {
  name: "storage",
  title: "Bytes per job of the tables and indexes, and of the WAL",
  isOnRequest: true,
  async run(bench) {
    const rows = [];
    const tasks = bench.options.quick ? QUICK_TASKS : TASKS;
    for (const history of HISTORIES) {
      bench.say(`  ${history.name}: ${(tasks * JOBS_PER_TASK).toLocaleString("en-US")} jobs`);
      rows.push(...(await measureHistory(bench, history, tasks)));
    }
    return { rows };
  },
};

/**
 * @param {Bench} bench
 * @param {(typeof HISTORIES)[number]} history
 * @param {number} tasks
 */
async function measureHistory({ database }, { name, fill }, tasks) {
  const asAdmin = (work) => withConnection(database.urlOf("postgres"), work);
  await asAdmin((admin) => admin`drop database if exists ${admin(DATABASE)} with (force)`);
  await asAdmin((admin) => admin`create database ${admin(DATABASE)}`);
  try {
    await applyMigrations(database.urlOf(DATABASE));
    return await withConnection(database.urlOf(DATABASE), async (sql) => {
      await sql.unsafe(FILL_SQL).simple();
      const [before] = await sql`select pg_current_wal_insert_lsn() as lsn, wal_fpi as images from pg_stat_wal`;
      for (let task = 0; task < tasks; task++) {
        await sql`call ${sql(fill)}(${JOBS_PER_TASK}::int)`;
        // Autovacuum would run about as often, but not in a run of two minutes.
        if (task % 20 === 19) await sql`vacuum (analyze) task_email_jobs`;
      }
      const [wal] = await sql`
        select pg_current_wal_insert_lsn() - ${before.lsn}::pg_lsn as bytes, (wal_fpi - ${before.images}) * 8192 as images
        from pg_stat_wal`;
      const relations = await sql`
        select relname as relation, pg_table_size(oid) as bytes from pg_class
        where relname in ${sql(RELATIONS)}
        union all
        select indexrelid::regclass::text, pg_relation_size(indexrelid) from pg_index
        where indrelid::regclass::text in ${sql(RELATIONS)}
        order by relation`;
      const jobs = tasks * JOBS_PER_TASK;
      const figure = (what, unit, value) => figureRow(`${name}: ${what}`, { unit, values: [value] });
      const row = (what, bytes) => figure(what, "bytes", Number(bytes) / jobs);
      const total = relations.reduce((sum, { bytes }) => sum + Number(bytes), 0);
      return [
        ...relations.filter(({ bytes }) => Number(bytes) / jobs >= 0.1).map((one) => row(one.relation, one.bytes)),
        row("all tables and indexes", total),
        row("WAL", wal.bytes),
        row("WAL, full page images at most", wal.images),
        ...(await measureUpkeep(sql)).map(([what, seconds]) => figure(what, "s", seconds)),
      ];
    });
  } finally {
    await asAdmin((admin) => admin`drop database if exists ${admin(DATABASE)} with (force)`);
  }
}

/** Measures the seconds of the statements whose time grows with the table. */
async function measureUpkeep(sql) {
  await sql`update task_email_jobs set updated_at = now() where random() < ${CHANGED_SHARE}`;
  const inSeconds = async (statement) => {
    const startedAt = performance.now();
    await statement;
    return (performance.now() - startedAt) / 1000;
  };
  return [
    [`vacuum after ${CHANGED_SHARE * 100} % changed`, await inSeconds(sql`vacuum task_email_jobs`)],
    ["reindex of the page index", await inSeconds(sql`reindex index task_email_jobs_page_idx`)],
    [
      "count of the jobs of all tasks",
      await inSeconds(sql`select task_id, count(*) from task_email_jobs group by task_id`),
    ],
  ];
}
