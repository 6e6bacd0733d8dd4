import { withConnection } from "../harness/database.mjs";
import { measureInRounds, rowOf, startCpuMeasurement } from "../harness/measure.mjs";

/** @import { Bench, Workload } from "../types.ts" */

const SCHEMA = "bench_partitions";
const EXECUTIONS = 2_000;
const QUICK_EXECUTIONS = 200;

/** The partitioning of a table, and the bounds of its partitions. The first one is the reference. */
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

/** @type {Workload} */
export const partitions = {
  name: "partitions",
  title: "Statements on two million jobs: one table, partitions by hash of the task, partitions by time",
  isOnRequest: true,
  async run(bench) {
    return withConnection(bench.url, async (sql) => {
      try {
        await sql`create schema if not exists ${sql(SCHEMA)}`;
        for (const layout of LAYOUTS) await fill(bench, sql, layout);
        /** @type {{ job: string, task: string }[]} */
        const keys =
          await sql`select id as job, task_id as task from task_email_jobs tablesample system (1) limit 5000`;
        const cells = STATEMENTS.flatMap((statement) =>
          LAYOUTS.map((layout) => ({ name: `${statement.name}, ${layout.name}`, statement, layout })),
        );
        const measured = await measureInRounds(bench, cells, (cell) => measureStatement(bench, cell, keys));
        const rows = STATEMENTS.flatMap((statement) => {
          const ofStatement = measured.filter(({ item }) => item.statement === statement);
          const [{ samples: reference }] = ofStatement;
          return ofStatement.map(({ item, samples }) => rowOf(item.name, samples, { reference, against: "plain" }));
        });
        return { rows };
      } finally {
        await sql`drop schema if exists ${sql(SCHEMA)} cascade`;
      }
    });
  },
};

/**
 * @param {Bench} bench
 * @param {import("postgres").Sql} sql
 * @param {(typeof LAYOUTS)[number]} layout
 */
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

/**
 * @param {Bench} bench
 * @param {{ statement: (typeof STATEMENTS)[number], layout: (typeof LAYOUTS)[number] }} cell
 * @param {readonly { task: string, job: string }[]} keys
 */
async function measureStatement(bench, { statement, layout }, keys) {
  const executions = bench.options.quick ? QUICK_EXECUTIONS : EXECUTIONS;
  const settings = { random_page_cost: 1.1, plan_cache_mode: statement.isPrepared ? "force_generic_plan" : "auto" };
  const options = { prepare: statement.isPrepared, connection: settings };
  return withConnection(
    bench.url,
    async (sql) => {
      const table = tableOf(sql, layout.name);
      const execute = async (count) => {
        for (const key of keys.slice(0, count)) await statement.run(sql, table, key);
      };
      await execute(20);
      const startedAt = performance.now();
      const cpuPer = startCpuMeasurement({ postgres: bench.database.cpuMs });
      await execute(executions);
      return { ...cpuPer(executions), perSecond: executions / ((performance.now() - startedAt) / 1000) };
    },
    options,
  );
}

const tableOf = (sql, name) => sql(`${SCHEMA}.${name}`);

function range(count) {
  return Array.from({ length: count }, (_, number) => number);
}

function dayAfter(days) {
  return `'${new Date(Date.UTC(2025, 0, 1) + days * 86_400_000).toISOString()}'`;
}
