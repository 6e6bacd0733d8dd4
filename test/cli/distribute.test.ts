import { expect, test } from "vitest";
import type { Cluster } from "../../src/db/citus/check-cluster.ts";
import { CITUS_TABLES, DISTRIBUTED_TABLES } from "../../src/db/citus/cluster.queries.ts";
import { prepareTables } from "../../src/db/citus/distribute-tables.ts";
import { stepsFor } from "../../src/db/citus/distribution-steps.ts";
import type { Sql } from "../../src/db/client.ts";
import { runProgram } from "../support/program.ts";
import { sharedTestDatabase } from "../support/test-database.ts";

const database = await sharedTestDatabase();
const { sql } = database;
const rolledBack = new Error("rolled back");

/** Runs the steps of `distribute` that need no Citus, and takes them back. */
async function withPreparedTables<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
  let result: T | undefined;
  const transaction = sql.begin(async (tx) => {
    await prepareTables(tx);
    result = await work(tx as unknown as Sql);
    throw rolledBack;
  });
  await transaction.catch((error: unknown) => {
    if (error !== rolledBack) throw error;
  });
  return result as T;
}

/** The unique indexes of distributed tables that Citus would refuse. */
const refusedIndexes = async (tx: Sql): Promise<string[]> => {
  const found = await Promise.all(
    DISTRIBUTED_TABLES.map(
      ({ name, column }) => tx`
        select indexrelid::regclass::text as name from pg_index
        where indrelid = ${`public.${name}`}::regclass and indisunique and not exists (
          select from pg_attribute
          where attrelid = indrelid and attname = ${column} and attnum = any(indkey[0:indnkeyatts - 1])
        )`,
    ),
  );
  return found.flat().map(({ name }) => name);
};

test("every unique index of a distributed table contains the task id", async () => {
  expect(await withPreparedTables(refusedIndexes)).toEqual([]);
});

test("a unique index without the task id is found, also if it only includes the task id", async () => {
  const found = await withPreparedTables(async (tx) => {
    await tx`create unique index bad_a on task_email_jobs (email_address)`;
    await tx`create unique index bad_b on task_job_totals (slot) include (task_id)`;
    await tx`create unique index good on task_email_jobs (task_id, email_address)`;
    return await refusedIndexes(tx);
  });
  expect(found).toEqual(["bad_a", "bad_b"]);
});

test("each table of the schema is distributed, copied to every node, or known to be needed on one node only", async () => {
  const tables = await sql`select tablename from pg_tables where schemaname = 'public' order by 1`;
  const known = [...CITUS_TABLES, "rate_limits", "task_job_moves"];
  expect(tables.map(({ tablename }) => tablename)).toEqual(known.sort());
});

test("a database without the extension citus is refused with what to do, and is not changed", async () => {
  const { code, stdout, stderr } = await runProgram("dist/cli/distribute.js", { DATABASE_URL: database.url }, []);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/does not have the extension citus.*CREATE EXTENSION citus.*citus_add_node/);
});

test.each(["0", "1025", "eight", "-1", "1e1"])("--shards %s is refused as a wrong argument", async (shards) => {
  const run = await runProgram("dist/cli/distribute.js", { DATABASE_URL: database.url }, [`--shards=${shards}`]);
  expect([run.code, run.stderr]).toEqual([
    2,
    expect.stringContaining("--shards must be a whole number from 1 to 1024"),
  ]);
});

const node = { isActive: true, hasMetadata: true, isCoordinator: false, acceptsShards: true, shards: 4 };
const state = { error: null, citus: "13.2-1", postgres: "15", walLevel: "logical", maxConnections: 100 };
const READY: Cluster = {
  citus: "13.2-1",
  nodes: [
    { ...node, name: "c:1", isCoordinator: true, acceptsShards: false, shards: 0 },
    { ...node, name: "w:1" },
  ],
  states: ["c:1", "w:1"].map((name) => ({ ...state, name, hasLocalTable: true, hasFunctions: true })),
  tables: CITUS_TABLES.map((name) => {
    const isDistributed = DISTRIBUTED_TABLES.some((table) => table.name === name);
    return {
      name,
      method: isDistributed ? "h" : "n",
      shards: isDistributed ? 8 : 1,
      copies: isDistributed ? 8 : 2,
      localBytes: 0,
      isOwned: true,
    };
  }),
  database: { name: "jobs", isOwned: true, missingSettings: [] },
};
const titlesOf = (cluster: Cluster, shards: number | null = null) =>
  stepsFor(cluster, shards).map(({ title }) => title);

test("a cluster that has everything needs no step", () => {
  expect(titlesOf(READY)).toEqual([]);
  expect(titlesOf(READY, 8)).toEqual([]);
});

test("a node that was added needs the table and functions of the triggers, and the reference tables", () => {
  const added = { ...state, name: "w:2", hasLocalTable: false, hasFunctions: false };
  const nodes = [...READY.nodes, { ...node, name: "w:2", shards: 0 }];
  expect(titlesOf({ ...READY, nodes, states: [...READY.states, added] })).toEqual([
    "create task_job_moves and the functions of the triggers on w:2",
    "copy the reference tables to the new nodes: emails, api_keys, task_jobs_api_migrations",
  ]);
});

test("an interruption after the distribution leaves only the later steps", () => {
  const tables = READY.tables.map((table) => ({ ...table, localBytes: table.name === "tasks" ? 8192 : 0 }));
  const missingSettings = ["citus.enable_unsafe_triggers"] as const;
  expect(titlesOf({ ...READY, tables, database: { ...READY.database, missingSettings } })).toEqual([
    "free the disk space of the rows that stayed in the coordinator's own tables: tasks",
    "set citus.enable_unsafe_triggers = on for the database jobs, as later migrations need",
  ]);
});

test("tables that were distributed in another way, or into another number of shards, are refused", () => {
  const tables = READY.tables.map((table) => ({
    ...table,
    method: table.name === "emails" ? ("h" as const) : table.method,
  }));
  expect(() => stepsFor({ ...READY, tables }, null)).toThrow("emails is not a reference table");
  expect(() => stepsFor(READY, 16)).toThrow(/have 8 shards.*alter_distributed_table/);
});
