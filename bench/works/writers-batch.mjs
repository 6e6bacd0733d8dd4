import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { atMost } from "../harness/goals.mjs";
import { measureCpu, rowOf } from "../harness/measure.mjs";
import { statOf } from "../harness/statistics.mjs";
import { openWriterDatabases } from "../harness/writer-databases.mjs";

const JOBS = 10_000;
const BATCHES = 10;
const QUICK_BATCHES = 3;

export const writersBatch = {
  name: "writers-batch",
  title: "A batch of 10,000 jobs inserted, per batch, against the same tables without our triggers",
  async run(bench) {
    const databases = await openWriterDatabases(bench, { connections: 1 });
    const rows = [];
    try {
      for (const [statement, insert] of [
        ["one INSERT", insertBatch],
        ["COPY", copyBatch],
      ]) {
        rows.push(...(await compareSides(bench, databases.sides, { statement, insert })));
      }
    } finally {
      await databases.close();
    }
    return { rows };
  },
};

async function compareSides(bench, sides, { statement, insert }) {
  const { rounds, quick } = bench.options;
  const samples = new Map(sides.map(({ name }) => [name, []]));
  for (const { sql } of sides) await insert(sql, await makeTask(sql));
  for (let round = 0; round < rounds; round++) {
    for (let index = 0; index < sides.length; index++) {
      const { name, sql } = sides[(round + index) % sides.length];
      bench.say(`  round ${round + 1} of ${rounds}: ${statement}, ${name}`);
      samples.get(name).push(await measureBatches(bench, sql, { insert, batches: quick ? QUICK_BATCHES : BATCHES }));
    }
  }
  const [plain, ours] = sides.map(({ name }) => samples.get(name));
  const row = rowOf(`${statement}, ours`, ours, { reference: plain, against: "without triggers" });
  row.goals.push(atMost(row.ratio, 1.15, "without triggers"));
  return [rowOf(`${statement}, without triggers`, plain, { reference: plain, against: "without triggers" }), row];
}

async function measureBatches(bench, sql, { insert, batches }) {
  const tasks = [];
  for (let batch = 0; batch < batches; batch++) tasks.push(await makeTask(sql));
  // Otherwise PostgreSQL would write the WAL of one side during the measurement of the other.
  await sql`checkpoint`;
  const elapsedMs = [];
  const cpu = await measureCpu(bench.database, null, async () => {
    for (const taskId of tasks) {
      const startedAt = performance.now();
      await insert(sql, taskId);
      elapsedMs.push(performance.now() - startedAt);
    }
    return batches;
  });
  const elapsed = statOf(elapsedMs);
  return { ...cpu, p50Ms: elapsed.median, p99Ms: elapsed.max };
}

async function makeTask(sql) {
  const [task] = await sql`insert into tasks default values returning id`;
  return task.id;
}

function insertBatch(sql, taskId) {
  return sql`
    insert into task_email_jobs (task_id, email_address)
    select ${taskId}::uuid, 'user' || number || '@example.com' from generate_series(1, ${JOBS}::int) number`;
}

async function copyBatch(sql, taskId) {
  const lines = Array.from({ length: JOBS }, (_, number) => `${taskId}\tuser${number}@example.com\n`);
  const copy = await sql`copy task_email_jobs (task_id, email_address) from stdin`.writable();
  await pipeline(Readable.from([lines.join("")]), copy);
}
