import { DATA } from "../harness/data.mjs";
import { withConnection } from "../harness/database.mjs";
import { limitRatio } from "../harness/goals.mjs";
import { measureInRounds, rowOf, startCpuMeasurement } from "../harness/measure.mjs";
import { openWriterDatabases } from "../harness/writer-databases.mjs";

/** @import { Bench, Workload } from "../types.ts" */

const WORKERS = 8;
const UPDATES = 10_000;
const QUICK_UPDATES = 1_000;
const INSERTS = 2_000;
const WATCH_EVERY_MS = 10;

/** @type {Workload} */
export const writersUpdates = {
  name: "writers-updates",
  title:
    "10,000 status updates of one task by 8 workers at once, per update, against the same tables without our triggers",
  async run(bench) {
    const databases = await openWriterDatabases(bench, { connections: WORKERS });
    const { rounds, quick } = bench.options;
    const updates = quick ? QUICK_UPDATES : UPDATES;
    try {
      const [plain, ours] = await measureInRounds(bench, databases.sides, ({ sql }, round) =>
        measureUpdates(bench, sql, { skipped: round * updates, updates }),
      );
      const comparison = { reference: plain.samples, against: "without triggers" };
      const rows = [plain, ours].map(({ item, samples }) => rowOf(item.name, samples, comparison));
      limitRatio(rows[1], 1.15);
      const waits = await watchLocks(bench, ours.item.sql, { skipped: rounds * updates, updates });
      rows[1].goals.push({
        text: "no lock waits between workers of one task",
        verdict: waits.length === 0 ? "met" : "missed",
      });
      return {
        rows,
        notices: [`locks waited for, in another pass of updates and of single inserts: ${waits.join(", ") || "none"}`],
      };
    } finally {
      await databases.close();
    }
  },
};

/**
 * Each worker has its own connection and commits every row, like the workers of the service.
 * @param {Bench} bench
 * @param {import("postgres").Sql} sql
 * @param {{ skipped: number, updates: number }} range
 */
async function measureUpdates(bench, sql, { skipped, updates }) {
  const ids = await idsOf(sql, skipped, updates);
  await sql`checkpoint`;
  const startedAt = performance.now();
  const cpuPer = startCpuMeasurement({ postgres: bench.database.cpuMs });
  await inParallel(
    ids,
    (id) => sql`update task_email_jobs set status = 'processing', updated_at = now() where id = ${id}`,
  );
  return { ...cpuPer(updates), perSecond: updates / ((performance.now() - startedAt) / 1000) };
}

/**
 * @param {import("postgres").Sql} sql
 * @param {number} skipped
 * @param {number} count
 * @returns {Promise<string[]>}
 */
async function idsOf(sql, skipped, count) {
  const rows = await sql`
    select id from task_email_jobs where task_id = ${DATA.largeTaskId} order by id offset ${skipped} limit ${count}`;
  return rows.map(({ id }) => id);
}

/**
 * @param {readonly string[]} items
 * @param {(item: string) => Promise<unknown>} work
 */
async function inParallel(items, work) {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
}

/**
 * Lists the locks that the workers wait for, except `extend`, which every growing table needs. It runs after the
 * measurement, because it costs CPU.
 * @param {Bench} bench
 * @param {import("postgres").Sql} sql
 * @param {{ skipped: number, updates: number }} range
 */
async function watchLocks(bench, sql, { skipped, updates }) {
  const ids = await idsOf(sql, skipped, updates);
  const seen = new Map();
  let isOver = false;
  const watch = withConnection(bench.database.urlOf("postgres"), async (observer) => {
    const [{ name }] = await sql`select current_database() as name`;
    while (!isOver) {
      const waits = await observer`
        select wait_event as event, count(*)::int as count from pg_stat_activity
        where datname = ${name} and wait_event_type = 'Lock' and wait_event <> 'extend' group by 1`;
      for (const { event, count } of waits) seen.set(event, (seen.get(event) ?? 0) + count);
      await new Promise((resolve) => setTimeout(resolve, WATCH_EVERY_MS));
    }
  });
  try {
    await inParallel(ids, (id) => sql`update task_email_jobs set status = 'failed' where id = ${id}`);
    await inParallel(ids.slice(0, INSERTS), (id) => {
      return sql`insert into task_email_jobs (task_id, email_address) values (${DATA.largeTaskId}, ${`${id}@example.com`})`;
    });
  } finally {
    isOver = true;
    await watch;
  }
  return [...seen].map(([event, count]) => `${event} ${count} times`);
}
