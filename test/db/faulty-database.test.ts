import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import { afterEach, expect, test } from "vitest";
import { allowAnyTextLength, aTask, someJobs } from "../support/builders.ts";
import { DEFAULT_TIMEOUTS, serveDatabase, startTestServer } from "../support/test-server.ts";

const running: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});
async function closedLater<T extends { close: () => Promise<void> }>(starting: Promise<T>): Promise<T> {
  const server = await starting;
  running.push(server);
  return server;
}

async function aServedTask() {
  const server = await closedLater(startTestServer({ environment: DEFAULT_TIMEOUTS }));
  const viewer = await server.as();
  return { server, viewer, taskId: await aTask(server.sql, { user_id: viewer.userId }) };
}

test("a request whose credential cannot be looked up logs one line with the reason", async () => {
  const environment = { REQUEST_TIMEOUT_MS: "300", STATEMENT_TIMEOUT_MS: "30000", DATABASE_POOL_SIZE: "1" };
  const server = await closedLater(startTestServer({ environment }));
  const viewer = await server.as();
  await server.sql`alter table api_keys rename to api_keys_table`;
  await server.sql`create view api_keys as select k.* from api_keys_table k, pg_sleep(3)`;
  // The first statement runs for three seconds, and the second waits for the connection.
  const statuses = [];
  for (let i = 0; i < 2; i++) statuses.push((await viewer.get(`/api/v1/tasks/${randomUUID()}/jobs`)).status);
  expect(statuses).toEqual([504, 503]);
  const reasons = server.logLines.map((line) => JSON.parse(line).reason).filter((reason) => reason !== undefined);
  expect(reasons).toEqual(["DeadlinePassed", "WaitedTooLong"]);
});

test("a 503 of GraphQL after authentication has Retry-After, like every 503", async () => {
  const secret = "a secret of this test, long enough for HS256";
  const nowhere = "postgres://user:password@127.0.0.1:9/database";
  const server = await closedLater(serveDatabase(nowhere, { JWT_SECRET: secret }));
  const token = await new SignJWT({ sub: randomUUID(), exp: Math.floor(Date.now() / 1000) + 600 })
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(secret));
  const response = await fetch(`${server.url}/graphql`, {
    method: "POST",
    headers: {
      Accept: "application/graphql-response+json",
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
    },
    body: JSON.stringify({ query: `{ taskJobs(taskId: "${randomUUID()}") { count } }` }),
  });
  expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
});

test("an export is 504 where its task cannot be looked up in time, and leaves no statement behind", async () => {
  const { server, viewer, taskId } = await aServedTask();
  await server.sql`alter table tasks rename to tasks_table`;
  await server.sql`create view tasks as select t.* from tasks_table t, pg_sleep(20)`;
  const startedAt = performance.now();
  const response = await viewer.get(`/api/v1/tasks/${taskId}/jobs/export`);
  expect([response.status, JSON.parse(await response.text()).error.code]).toEqual([504, "DEPENDENCY_TIMEOUT"]);
  // Without a time limit the response would come after the 20 s of the statement.
  expect(performance.now() - startedAt).toBeLessThan(10_000);
  expect(server.logLines.map((line) => JSON.parse(line).reason)).toContain("DeadlinePassed");
  const running = async () =>
    (await server.sql`select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()`)
      .length;
  await expect.poll(running).toBe(0);
});

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
test.each([
  ["too many connections", "53300", 503],
  ["a full disk", "53100", 503],
  ["no memory", "53200", 503],
  ["a start or a recovery", "57P03", 503],
  ["an administrator's stop", "57P01", 503],
  ["a crash of another backend", "57P02", 503],
  ["a read-only standby", "25006", 503],
  ["a conflict with a standby's replay", "40001", 503],
  ["a broken disk", "58030", 503],
  ["a lost connection", "08006", 503],
  ["a lock that is held", "55P03", 504],
  ["the statement timeout", "57014", 504],
  ["a division by zero", "22012", 500],
])("an error of PostgreSQL about %s (%s) is %i, and no response has its message", async (_, code, status) => {
  const { server, viewer, taskId } = await aServedTask();
  await server.sql`alter table tasks rename to tasks_table`;
  await server.sql.unsafe(`
    create function fail() returns boolean language plpgsql as
      $$ begin raise exception 'canary of the database' using errcode = '${code}'; end $$;
    create view tasks as select * from tasks_table where fail()`);
  for (const path of ["jobs", "jobs?status=failed", "jobs/export"]) {
    const response = await viewer.get(`/api/v1/tasks/${taskId}/${path}`);
    const body = await response.text();
    expect([path, response.status, response.headers.get("retry-after")]).toEqual([
      path,
      status,
      status === 503 ? "1" : null,
    ]);
    expect(body).not.toContain("canary");
  }
  expect(server.logLines.join("")).not.toContain("canary");
});

test("the time zones and date styles of the database and of the process do not change a page", async () => {
  const { server, viewer, taskId } = await aServedTask();
  await someJobs(server.sql, taskId, 20);
  const path = `/api/v1/tasks/${taskId}/jobs`;
  const before = await (await viewer.get(path)).text();
  const { TZ } = process.env;
  try {
    process.env.TZ = "Asia/Kathmandu";
    const name = new URL(server.database.url).pathname.slice(1);
    await server.sql.unsafe(`alter database "${name}" set timezone to 'America/St_Johns'`);
    await server.sql.unsafe(`alter database "${name}" set datestyle to 'SQL, DMY'`);
    const elsewhere = await closedLater(serveDatabase(server.database.url, {}));
    const response = await fetch(elsewhere.url + path, { headers: { "X-API-Key": viewer.key } });
    expect(await response.text()).toBe(before);
  } finally {
    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
  }
});

const NOT_MIGRATED = "delete from public.task_jobs_api_migrations";
const MIGRATED_BY_A_NEWER_RELEASE =
  "insert into public.task_jobs_api_migrations (hash, created_at) values ('', 9007199254740991)";

test.each([
  ["without its tables", "42P01 a table is missing", "alter table tasks rename to away", NOT_MIGRATED],
  ["without a type", "42704", "alter type job_status rename to away", NOT_MIGRATED],
  [
    "whose column was dropped",
    "42703 a column is missing",
    "alter table tasks rename user_id to away",
    MIGRATED_BY_A_NEWER_RELEASE,
  ],
])(
  "a database of another release, %s, is 503 on every endpoint, with the code in the log",
  async (_, code, ...changes) => {
    const { server, viewer, taskId } = await aServedTask();
    for (const change of changes) await server.sql.unsafe(change);
    const { length } = server.logLines;

    const jobs = `/api/v1/tasks/${taskId}/jobs`;
    for (const path of code === "42704"
      ? [`${jobs}?status=failed`]
      : [jobs, `${jobs}?status=failed`, `${jobs}/export`]) {
      const response = await viewer.get(path);
      const { error } = JSON.parse(await response.text());
      const answer = [path, response.status, error.code, response.headers.get("retry-after")];
      expect(answer).toEqual([path, 503, "DEPENDENCY_UNAVAILABLE", "1"]);
    }
    const document = `{ task(id: "${taskId}") { jobs(first: 1, filter: { status: [FAILED] }) { totalCount } } }`;
    const { body } = await viewer.query(document);
    expect(body.errors[0].extensions.code).toBe("DEPENDENCY_UNAVAILABLE");
    const lines = server.logLines.slice(length).map((line) => JSON.parse(line));
    expect(new Set(lines.flatMap(({ reason }) => reason ?? []))).toEqual(new Set([code]));
    expect(lines.filter(({ level }) => level >= 50)).toEqual([]);
  },
);

test("a missing table in a database of this release is 500 after one more try", async () => {
  const server = await closedLater(startTestServer());
  const viewer = await server.as();
  await server.sql`alter table tasks rename to away`;
  const statements = await server.countStatements(async () => {
    expect((await viewer.get(`/api/v1/tasks/${randomUUID()}/jobs`)).status).toBe(500);
  });
  // The statements for the key and for the release; a statement that fails before it runs is not counted.
  expect(statements).toBeLessThanOrEqual(2);
});

test("any number of readiness probes cause at most one statement per second, and a change shows soon", async () => {
  const server = await closedLater(startTestServer());
  const probe = async () => (await fetch(`${server.url}/readyz`)).status;
  const startedAt = performance.now();
  const statements = await server.countStatements(async () => {
    while (performance.now() < startedAt + 1500) {
      expect(await Promise.all(Array.from({ length: 20 }, probe))).toEqual(Array(20).fill(200));
    }
  });
  expect(statements).toBeLessThanOrEqual(Math.ceil((performance.now() - startedAt) / 1000) + 1);

  // Most of each time is a margin for a busy machine.
  await server.sql`alter table public.task_jobs_api_migrations rename to away`;
  await expect.poll(probe, { timeout: 3000 }).toBe(503);
  await server.sql`alter table public.away rename to task_jobs_api_migrations`;
  await expect.poll(probe, { timeout: 2500 }).toBe(200);
});

test("a page continues after a migration has changed the type of a column, although its plan is cached", async () => {
  const { server, viewer, taskId } = await aServedTask();
  await someJobs(server.sql, taskId, 3);
  const read = async () => {
    const response = await viewer.get(`/api/v1/tasks/${taskId}/jobs`);
    return [response.status, await response.text()];
  };
  const before = await read();
  await allowAnyTextLength(server.sql);
  await server.sql`alter table task_email_jobs alter column email_address type varchar(5000)`;
  expect(await read()).toEqual(before);
});

test("a statement that the database does not support is tried once, and its message is in the log", async () => {
  const { server, viewer, taskId } = await aServedTask();
  await server.sql`create sequence tries`;
  await server.sql`
    create function unsupported() returns boolean language plpgsql as $$ begin
      raise exception 'could not create distributed plan' using errcode = '0A000', hint = nextval('tries');
    end $$`;
  await server.sql`alter table tasks rename to tasks_table`;
  await server.sql`create view tasks as select * from tasks_table where unsupported()`;
  expect((await viewer.get(`/api/v1/tasks/${taskId}/jobs`)).status).toBe(500);
  expect(await server.sql`select last_value::int as tries from tries`).toEqual([{ tries: 1 }]);
  const [line = ""] = server.logLines.filter((text) => text.includes("unexpected error"));
  expect(line).toContain('"message":"could not create distributed plan"');
});
