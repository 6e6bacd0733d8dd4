import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { limitRatio } from "../harness/goals.mjs";
import { measureInRounds, rowOf, startCpuMeasurement } from "../harness/measure.mjs";
import { statOf } from "../harness/statistics.mjs";
import { openWriterDatabases } from "../harness/writer-databases.mjs";

/** @import { Bench, Workload } from "../types.ts" */

const JOBS = 10_000;
const BATCHES = 10;
const QUICK_BATCHES = 3;

/** @typedef {(sql: import("postgres").Sql, taskId: string) => Promise<void>} Insert */

/** @type {Workload} */
export const writersBatch = {
  name: "writers-batch",
  title: "A batch of 10,000 jobs inserted, per batch, against the same tables without our triggers",
  async run(bench) {
    const databases = await openWriterDatabases(bench, { connections: 1 });
    try {
      return {
        rows: [
          ...(await compareSides(bench, databases.sides, { statement: "one INSERT", insert: insertBatch })),
          ...(await compareSides(bench, databases.sides, { statement: "COPY", insert: copyBatch })),
        ],
      };
    } finally {
      await databases.close();
    }
  },
};

/**
 * @param {Bench} bench
 * @param {readonly import("../harness/writer-databases.mjs").Side[]} sides
 * @param {{ statement: string, insert: Insert }} batch
 */
async function compareSides(bench, sides, { statement, insert }) {
  const named = sides.map(({ name, sql }) => ({ name: `${statement}, ${name}`, sql }));
  for (const { sql } of named) await insert(sql, await createTask(sql));
  const [plain, ours] = await measureInRounds(bench, named, ({ sql }) => measureBatches(bench, sql, insert));
  const comparison = { reference: plain.samples, against: "without triggers" };
  const rows = [plain, ours].map(({ item, samples }) => rowOf(item.name, samples, comparison));
  limitRatio(rows[1], 1.15);
  return rows;
}

/**
 * @param {Bench} bench
 * @param {import("postgres").Sql} sql
 * @param {Insert} insert
 */
async function measureBatches(bench, sql, insert) {
  const batches = bench.options.quick ? QUICK_BATCHES : BATCHES;
  const tasks = [];
  for (let batch = 0; batch < batches; batch++) tasks.push(await createTask(sql));
  // Otherwise PostgreSQL would write the WAL of one side during the measurement of the other.
  await sql`checkpoint`;
  const elapsedMs = [];
  const cpuPer = startCpuMeasurement({ postgres: bench.database.cpuMs });
  for (const taskId of tasks) {
    const startedAt = performance.now();
    await insert(sql, taskId);
    elapsedMs.push(performance.now() - startedAt);
  }
  const elapsed = statOf(elapsedMs);
  return { ...cpuPer(batches), p50Ms: elapsed.median, p99Ms: elapsed.max };
}

/** @param {import("postgres").Sql} sql */
async function createTask(sql) {
  const [task] = await sql`insert into tasks default values returning id`;
  return task.id;
}

/** @type {Insert} */
async function insertBatch(sql, taskId) {
  await sql`
    insert into task_email_jobs (task_id, email_address)
    select ${taskId}::uuid, 'user' || number || '@example.com' from generate_series(1, ${JOBS}::int) number`;
}

/** @type {Insert} */
async function copyBatch(sql, taskId) {
  const lines = Array.from({ length: JOBS }, (_, number) => `${taskId}\tuser${number}@example.com\n`);
  const copy = await sql`copy task_email_jobs (task_id, email_address) from stdin`.writable();
  await pipeline(Readable.from([lines.join("")]), copy);
}
