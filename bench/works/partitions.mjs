import { withConnection } from "../harness/database.mjs";
import { measureCpu, rowOf } from "../harness/measure.mjs";

const SCHEMA = "bench_partitions";
const EXECUTIONS = 2_000;
const QUICK_EXECUTIONS = 200;

/** How the jobs are laid out: the partitioning, and the CREATE TABLE of each partition. */
const LAYOUTS = [
  { name: "plain", by: "", partitions: [] },
  ...[16, 64].map((count) => ({
    name: `hash ${count}`,
    by: "partition by hash (task_id)",
    partitions: range(count).map((number) => `for values with (modulus ${count}, remainder ${number})`),
  })),
  {
    name: "time 16",
    by: "partition by range (created_at)",
    // The jobs of the bench were created within ten days.
    partitions: range(16).map(
      (number) => `for values from (${dayAfter(number * 0.6)}) to (${dayAfter(number * 0.6 + 0.6)})`,
    ),
  },
];

/** `task` and `job` are ids that exist. A prepared statement has a generic plan, like the pages of the server. */
const STATEMENTS = [
  {
    name: "a page of 100",
    isPrepared: true,
    run: (sql, jobs, { task }) => sql`
      select id, email_address, status, created_at from ${jobs} where task_id = ${task} and deleted_at is null
      order by created_at desc, id desc limit 100`,
  },
  {
    name: "a search by status",
    isPrepared: false,
    run: (sql, jobs, { task }) => sql`
      select id, email_address, created_at from ${jobs} where task_id = ${task} and status = 'failed' and deleted_at is null
      order by created_at desc, id desc limit 100`,
  },
  {
    name: "a job by its id alone",
    isPrepared: true,
    run: (sql, jobs, { job }) => sql`select id, status from ${jobs} where id = ${job}`,
  },
];

export const partitions = {
  name: "partitions",
  title: "Statements on two million jobs: one table, partitions by hash of the task, partitions by time",
  isOnRequest: true,
  async run(bench) {
    return withConnection(bench.url, async (sql) => {
      try {
        await sql`create schema if not exists ${sql(SCHEMA)}`;
        for (const layout of LAYOUTS) await fill(bench, sql, layout);
        const keys =
          await sql`select id as job, task_id as task from task_email_jobs tablesample system (1) limit 5000`;
        const cells = STATEMENTS.flatMap((statement) => LAYOUTS.map((layout) => ({ statement, layout, samples: [] })));
        for (let round = 0; round < bench.options.rounds; round++) {
          for (let index = 0; index < cells.length; index++) {
            const cell = cells[(round + index) % cells.length];
            cell.samples.push(await measureStatement(bench, cell, keys));
          }
        }
        return { rows: cells.map((cell) => rowOfCell(cell, cells)) };
      } finally {
        await sql`drop schema if exists ${sql(SCHEMA)} cascade`;
      }
    });
  },
};

async function fill({ say }, sql, { name, by, partitions: bounds }) {
  say(`  ${name}: copying the jobs`);
  const table = tableOf(sql, name);
  await sql`create table ${table} (like task_email_jobs including defaults) ${sql.unsafe(by)}`;
  for (const [number, bound] of bounds.entries()) {
    await sql`create table ${sql(`${SCHEMA}.${name} ${number}`)} partition of ${table} ${sql.unsafe(bound)}`;
  }
  await sql`insert into ${table} select * from task_email_jobs`;
  await sql`create index on ${table} (task_id, created_at, id) where deleted_at is null`;
  await sql`create index on ${table} (task_id, status, created_at, id) where deleted_at is null`;
  await sql`create index on ${table} (id)`;
  await sql`vacuum (analyze) ${table}`;
}

async function measureStatement(bench, { statement, layout }, keys) {
  const executions = bench.options.quick ? QUICK_EXECUTIONS : EXECUTIONS;
  const settings = { random_page_cost: 1.1, plan_cache_mode: statement.isPrepared ? "force_generic_plan" : "auto" };
  const options = { prepare: statement.isPrepared, connection: settings };
  return withConnection(
    bench.url,
    async (sql) => {
      const table = tableOf(sql, layout.name);
      const execute = (count) =>
        keys
          .slice(0, count)
          .reduce((before, key) => before.then(() => statement.run(sql, table, key)), Promise.resolve());
      await execute(20);
      const startedAt = performance.now();
      const { postgresMs } = await measureCpu(bench.database, null, () => execute(executions).then(() => executions));
      return { postgresMs, totalMs: postgresMs, perSecond: executions / ((performance.now() - startedAt) / 1000) };
    },
    options,
  );
}

function rowOfCell({ statement, layout, samples }, cells) {
  const plain = cells.find((cell) => cell.statement === statement && cell.layout.name === "plain");
  return rowOf(`${statement.name}, ${layout.name}`, samples, { reference: plain.samples, against: "plain" });
}

const tableOf = (sql, name) => sql(`${SCHEMA}.${name}`);

function range(count) {
  return Array.from({ length: count }, (_, number) => number);
}

function dayAfter(days) {
  return `'${new Date(Date.UTC(2025, 0, 1) + days * 86_400_000).toISOString()}'`;
}
