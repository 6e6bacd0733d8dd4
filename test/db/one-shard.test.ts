import { expect, test } from "vitest";
import { aTask, someJobs } from "../support/builders.ts";
import { tablesWithoutTaskId, transitionJoinsOf, volatileUpdatesOf } from "../support/task-shards.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer();
const owner = await server.as();
const taskId = await aTask(server.sql, { user_id: owner.userId });
await someJobs(server.sql, taskId, 420);
const JOBS = `/api/v1/tasks/${taskId}/jobs`;

/** One value of each field of the filter. */
const FILTERS = [
  "{ status: [FAILED] }",
  "{ status: [FAILED, PENDING] }",
  '{ emailStatus: ["valid"] }',
  "{ deliverability: [UNKNOWN, RISKY] }",
  "{ isRoleBased: true }",
  "{ isDisposable: true }",
  "{ hasMxRecords: true }",
  "{ hasReverseDns: true }",
  "{ isCatchall: true }",
  "{ needsPhysicalVerify: true }",
  '{ domain: ["é.example"] }',
  '{ addressContains: "é" }',
  "{ hasUnknownReason: true }",
  "{ hasEmail: true }",
  '{ createdFrom: "2025-01-01T00:00:00Z" }',
  '{ createdTo: "2026-01-01T00:00:00Z" }',
  '{ updatedFrom: "2025-01-01T00:00:00Z" }',
  '{ updatedTo: "2036-01-01T00:00:00Z" }',
] as const;

const PATHS = [
  "",
  "?limit=100&offset=100",
  // From the newest job, from a bookmark nearby, from a bookmark far away, and past the end.
  "?offset=150",
  "?offset=160",
  "?offset=400",
  "?offset=5000",
  "?after=",
  "?status=completed&offset=200",
  "?q=user1&offset=2",
  "?domain=example.com",
  "/export?format=csv",
  "/export?status=completed&domain=example.com",
];

/** Requests every kind of read of one task. */
async function readTask(): Promise<void> {
  for (const path of PATHS) {
    const response = await owner.get(JOBS + path);
    expect([path, response.status]).toEqual([path, 200]);
    await response.text();
  }
  expect((await owner.get(`/api/v1/tasks/${taskId}`)).status).toBe(200);
  const task = `task(id: "${taskId}")`;
  const cursor = (await owner.query(`{ ${task} { jobs(first: 3) { pageInfo { endCursor } } } }`)).body.data.task.jobs;
  const after = `after: "${cursor.pageInfo.endCursor}"`;
  for (const query of [
    `{ node(id: "${taskId}") { id } }`,
    `{ taskJobs(taskId: "${taskId}") { count } }`,
    `{ taskJobs(taskId: "${taskId}", offset: 300) { jobs { id } } }`,
    `{ ${task} { progress { total lastUpdatedAt } } }`,
    `{ ${task} { progress { verification { exists } deliverability { risky } } } }`,
    `{ ${task} { jobs(last: 3) { nodes { id } } } }`,
    `{ ${task} { jobs(first: 3, ${after}) { totalCount nodes { id email { id } } } } }`,
    ...["UPDATED_AT_ASC", "UPDATED_AT_DESC", "CREATED_AT_ASC"].map(
      (order) => `{ ${task} { jobs(first: 2, orderBy: ${order}) { nodes { id } } } }`,
    ),
    ...FILTERS.flatMap((filter) => [
      `{ ${task} { progress(filter: ${filter}) { total } } }`,
      `{ ${task} { jobs(filter: ${filter}, first: 2) { nodes { id } totalCount } } }`,
      `{ taskJobs(taskId: "${taskId}", filter: ${filter}, offset: 1) { jobs { id } } }`,
    ]),
  ]) {
    const { status, body } = await owner.query(query);
    expect([query, status, body.errors]).toEqual([query, 200, undefined]);
  }
}

test("every statement about one task names the task in each select, so that Citus runs it on one shard", async () => {
  await server.sql`create extension if not exists pg_stat_statements`;
  await server.sql`select pg_stat_statements_reset(0, (select oid from pg_database where datname = current_database()))`;
  await readTask();
  const sent = await server.sql<{ query: string }[]>`
    select query from pg_stat_statements where dbid = (select oid from pg_database where datname = current_database())
      and query ~ 'public\.(tasks|task_email_jobs|task_job_totals)'`;
  expect(sent.length).toBeGreaterThan(40);
  const faults = sent.map(({ query }) => ({ query, tables: tablesWithoutTaskId(query) }));
  expect(faults.filter(({ tables }) => tables.length > 0)).toEqual([]);
});

test.each([
  [
    "a column of another table",
    "select 1 from public.tasks task, lateral (select 1 from public.task_email_jobs where task_id = task.id) j where task.id = $1",
    ["task_email_jobs"],
  ],
  ["an array", "select 1 from public.tasks task where task.id = any($1::uuid[])", ["tasks"]],
  [
    "no condition",
    "select 1 from (select sum(jobs) from public.task_job_totals group by task_id) t",
    ["task_job_totals"],
  ],
  ["the id of a job", "select 1 from public.task_email_jobs job where job.id = $1", ["task_email_jobs"]],
  [
    "a value",
    "select 1 from public.task_email_jobs job join public.tasks task on task.id = $2 where job.task_id = $1",
    [],
  ],
])("a select that compares the task with %s is judged as Citus does", (_what, statement, tables) => {
  expect(tablesWithoutTaskId(statement)).toEqual(tables);
});

test("no trigger function joins a transition table with a distributed table, which Citus rejects", async () => {
  const functions = await server.sql<{ body: string; tables: string[] }[]>`
    select prosrc as body, array_to_json(array_remove(array[tgoldtable, tgnewtable], null)) as tables
    from pg_trigger join pg_proc on pg_proc.oid = tgfoid where tgoldtable is not null or tgnewtable is not null`;
  expect(functions).toHaveLength(3);
  expect(functions.flatMap(({ body, tables }) => transitionJoinsOf(body, tables))).toEqual([]);
});

test.each([
  "BEGIN DELETE FROM task_job_totals USING deleted WHERE task_job_totals.task_id = deleted.id; RETURN NULL; END",
  "BEGIN PERFORM add(task_id) FROM deleted WHERE EXISTS (SELECT FROM tasks WHERE id = task_id); END",
])("a transition table in the statement of a distributed table is found: %s", (body) => {
  expect(transitionJoinsOf(body, ["deleted"])).toHaveLength(1);
});

test("no function that a shard runs updates a distributed table with a volatile function, which Citus refuses", async () => {
  // Citus has no triggers on TRUNCATE, so the functions of such triggers never run there.
  const functions = await server.sql<{ body: string }[]>`
    select prosrc as body from pg_proc join pg_language on pg_language.oid = prolang
    where pronamespace = 'public'::regnamespace and lanname = 'plpgsql'
      and not exists (select from pg_trigger where tgfoid = pg_proc.oid and tgtype & 32 <> 0)`;
  expect(functions.length).toBeGreaterThan(6);
  expect(functions.flatMap(({ body }) => volatileUpdatesOf(body))).toEqual([]);
});

test("an update with a volatile function is found", () => {
  const body = "BEGIN UPDATE task_job_totals SET jobs = 1, changes = uuid_hash_extended(gen_random_uuid(), 0); END";
  expect(volatileUpdatesOf(body)).toHaveLength(1);
});
