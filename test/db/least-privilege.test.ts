import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Sql } from "../../src/db/client.ts";
import { aTask, someJobs } from "../support/builders.ts";
import { killPrograms, runProgram, startProgram } from "../support/program.ts";
import { asSuperuser, createTestDatabase, type TestDatabase } from "../support/test-database.ts";

const PASSWORD = "of-this-test-alone";
const READ = ["api_keys", "emails", "task_email_jobs", "task_job_totals", "tasks", "task_jobs_api_migrations"];

let database: TestDatabase;
let serverUrl: string;
let asServer: Sql;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.sql.unsafe(sqlOfTheManual("create role server"));
  await database.sql.unsafe(`alter role server password '${PASSWORD}'`);
  const url = new URL(database.url);
  Object.assign(url, { username: "server", password: PASSWORD });
  serverUrl = url.href;
  asServer = postgres(serverUrl, { max: 1, onnotice: () => {} });
});
afterEach(killPrograms);
afterAll(async () => {
  await asServer?.end({ timeout: 5 });
  await database?.close();
  await asSuperuser((sql) => sql`drop role if exists server`);
});

/** Returns the SQL block of docs/operating.md with this beginning, so that the test runs what the manual prints. */
function sqlOfTheManual(beginning: string): string {
  const blocks = readFileSync("docs/operating.md", "utf8").match(/(?:^ {4}\S.*\n)+/gm) ?? [];
  const block = blocks.find((text) => text.trimStart().startsWith(beginning));
  if (block === undefined) throw new Error(`docs/operating.md has no block that begins with ${beginning}`);
  return block;
}

/** Like an operator, creates the key as the owner and starts the server as its own role. */
async function serveWithKey(environment: Record<string, string> = {}) {
  const userId = randomUUID();
  const made = await runProgram("dist/cli/keys.js", { DATABASE_URL: database.url }, ["create", "--user", userId]);
  const program = startProgram("dist/main.js", { DATABASE_URL: serverUrl, MIGRATE: "off", PORT: "0", ...environment });
  const origin = await program.listening();
  const headers = { Authorization: `Bearer ${made.stdout.trim()}`, "Content-Type": "application/json" };
  return { userId, program, get: (path: string, init: RequestInit = {}) => fetch(origin + path, { headers, ...init }) };
}

const query = (taskId: string): RequestInit => ({
  method: "POST",
  body: JSON.stringify({ query: `{ taskJobs(taskId: "${taskId}") { count jobs { emailAddress email { email } } } }` }),
});

test("a role with few rights serves both APIs, with keys and migrations made by the owner", async () => {
  const { userId, program, get } = await serveWithKey();
  const taskId = await aTask(database.sql, { user_id: userId });
  await someJobs(database.sql, taskId, 3);

  expect((await get("/readyz")).status).toBe(200);
  const rest = await get(`/api/v1/tasks/${taskId}/jobs`);
  expect(rest.status).toBe(200);
  expect(await rest.json()).toMatchObject({ count: 3, jobs: [{ email: {} }, { email: {} }, { email: {} }] });
  const graphql = await get("/graphql", query(taskId));
  expect(await graphql.json()).toMatchObject({ data: { taskJobs: { count: 3, jobs: [{ email: {} }, {}, {}] } } });
  expect((await get(`/api/v1/tasks/${randomUUID()}/jobs`)).status).toBe(404);

  for (const path of [
    "/api/v1/tasks",
    `/api/v1/tasks/${taskId}`,
    `/api/v1/tasks/${taskId}/jobs?status=pending&deliverability=risky`,
    `/api/v1/tasks/${taskId}/jobs?after=`,
    `/api/v1/tasks/${taskId}/jobs/export`,
  ]) {
    const response = await get(path);
    expect([path, response.status, (await response.text()).length]).toEqual([path, 200, expect.any(Number)]);
  }
  const everything = `{
    tasks(first: 2) { totalCount nodes { id jobCount: progress { total percent } } }
    node(id: "${taskId}") { id }
    task(id: "${taskId}") { progress { total isComplete } jobs(first: 2, orderBy: UPDATED_AT_DESC) { totalCount nodes { email { status } } } }
  }`;
  const answer = await (await get("/graphql", { method: "POST", body: JSON.stringify({ query: everything }) })).json();
  expect(answer).toMatchObject({
    data: { tasks: { totalCount: 1 }, task: { progress: { total: 3 }, jobs: { totalCount: 3 } } },
  });
  expect((await program.stop()).code).toBe(0);
});

test("a role with few rights needs each right that it was given", async () => {
  const { userId, get } = await serveWithKey();
  const taskId = await aTask(database.sql, { user_id: userId });
  await someJobs(database.sql, taskId, 1);
  const statuses = async () => {
    const answers = await Promise.all([get("/readyz"), get(`/api/v1/tasks/${taskId}/jobs`)]);
    return answers.map(({ status }) => status);
  };
  for (const name of READ) {
    await database.sql.unsafe(`revoke select on ${name} from server`);
    await expect.poll(statuses, { message: `without ${name}` }).not.toEqual([200, 200]);
    await database.sql.unsafe(`grant select on ${name} to server`);
    await expect.poll(statuses).toEqual([200, 200]);
  }
});

test("a role with few rights can write nothing, and can read no other table", async () => {
  const tables = await database.sql`
    select relname as name,
      has_table_privilege('server', oid, 'select') as reads,
      has_table_privilege('server', oid, 'insert, update, delete, truncate, references, trigger') as writes
    from pg_class where relkind in ('r', 'p', 'v', 'm') and relnamespace = 'public'::regnamespace`;
  expect(tables.filter(({ writes }) => writes)).toEqual([]);
  const readable = tables.filter(({ name, reads }) => reads && name !== "pg_stat_statements");
  expect(readable.map(({ name }) => name).sort()).toEqual([...READ].sort());
  const unreadable = tables.filter(({ reads }) => !reads).map(({ name }) => name);
  expect(unreadable).toContain("rate_limits");
  for (const name of unreadable) {
    await expect(asServer`select * from ${asServer(name)}`, name).rejects.toMatchObject({ code: "42501" });
  }
});

/** A function that runs with its owner's rights would bypass all other rights. */
test("a role with few rights can call no function that runs with the rights of the owner", async () => {
  const callable = await database.sql`
    select proname from pg_proc
    where prosecdef and prorettype <> 'trigger'::regtype and has_function_privilege('server', oid, 'execute')`;
  expect(callable.map(({ proname }) => proname)).toEqual([]);
  await expect(asServer`select add_to_total(${randomUUID()}, 5)`).rejects.toMatchObject({ code: "42501" });
});

test.each([
  "insert into tasks default values",
  "update api_keys set is_admin = true",
  "delete from emails",
  "truncate task_email_jobs",
  "drop table tasks",
  "create table mine (a int)",
  "create function mine() returns int language sql as 'select 1'",
])("a role with few rights cannot run: %s", async (statement) => {
  // The setting of the role refuses the statement, and in a session that changes this setting the rights refuse it.
  await expect(asServer.unsafe(statement)).rejects.toMatchObject({ code: "25006" });
  await expect(asServer.begin("read write", (sql) => sql.unsafe(statement))).rejects.toMatchObject({ code: "42501" });
});

test("a role with few rights can neither migrate nor create keys", async () => {
  const keys = await runProgram("dist/cli/keys.js", { DATABASE_URL: serverUrl, MIGRATE: "off" }, [
    "create",
    "--user",
    randomUUID(),
  ]);
  expect(keys.code).not.toBe(0);
  expect(keys.stdout).not.toContain("tj_");

  const [newest = {}] = await database.sql`
    delete from public.task_jobs_api_migrations where created_at = (select max(created_at) from public.task_jobs_api_migrations) returning *`;
  const { code, stdout } = await runProgram("dist/main.js", { DATABASE_URL: serverUrl, PORT: "0" });
  await database.sql`insert into public.task_jobs_api_migrations ${database.sql(newest)}`;
  expect([code, stdout]).toEqual([1, expect.not.stringContaining("Listening")]);
});

test("a role with few rights shares a rate limit once it has rights on that table, and can write no other", async () => {
  await database.sql.unsafe(sqlOfTheManual("alter role server reset default_transaction_read_only"));
  const { userId, get } = await serveWithKey({ RATE_LIMIT: "2/h", RATE_LIMIT_STORE: "postgres" });
  const taskId = await aTask(database.sql, { user_id: userId });
  const counted: number[] = [];
  // Requests pass uncounted until the server is connected to the store.
  while (counted.length < 3) {
    const { headers, status } = await get(`/api/v1/tasks/${taskId}/jobs`);
    if (headers.has("ratelimit")) counted.push(status);
  }
  expect(counted).toEqual([200, 200, 429]);
  const deleting = asServer.begin("read write", (sql) => sql`delete from tasks`);
  await expect(deleting).rejects.toMatchObject({ code: "42501" });
});
