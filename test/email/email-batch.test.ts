import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aJob, allowAnyTimestamp, anEmail, aTask, someJobs } from "../support/builders.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { waitingStatements } from "../support/waiting-statements.ts";

const METRICS = { METRICS: "on", METRICS_TOKEN: "metrics-token-of-32-characters--" };

let server: TestServer;
let owner: Awaited<ReturnType<TestServer["as"]>>;

beforeAll(async () => {
  server = await startTestServer({ environment: METRICS });
  owner = await server.as();
  await allowAnyTimestamp(server.sql);
});
afterAll(() => server.close());

const ownTask = async (jobs: number) => {
  const taskId = await aTask(server.sql, { user_id: owner.userId });
  await someJobs(server.sql, taskId, jobs);
  return taskId;
};

const aliases = (count: number, field: (index: number) => string) =>
  `{ ${Array.from({ length: count }, (_, index) => `a${index}: ${field(index)}`).join(" ")} }`;

async function query(document: string) {
  const { status, body } = await owner.query(document);
  expect([status, body.errors]).toEqual([200, undefined]);
  return body.data;
}

async function page(path: string) {
  const response = await owner.get(`/api/v1/tasks/${path}`);
  expect(response.status).toBe(200);
  return (await response.json()) as { jobs: { email?: { id: string } }[] };
}

describe("the number of statements, of which one looks up the API key", () => {
  const PAGE_AND_BATCH = 3;

  test.each([1, 100])("a page of %i jobs takes one statement for the page and one for its emails", async (jobs) => {
    const taskId = await ownTask(jobs);
    const filter = "filter: { status: [COMPLETED] }";
    const requests: readonly (() => Promise<unknown>)[] = [
      () => query(`{ taskJobs(taskId: "${taskId}", limit: 100) { count jobs { email { id } } } }`),
      () => query(`{ taskJobs(taskId: "${taskId}", limit: 100, ${filter}) { count jobs { email { id } } } }`),
      () => page(`${taskId}/jobs?limit=100`),
      () => page(`${taskId}/jobs?limit=100&status=completed`),
    ];
    for (const request of requests) expect(await server.countStatements(request)).toBe(PAGE_AND_BATCH);

    const connections: readonly (() => Promise<unknown>)[] = [
      () => query(`{ task(id: "${taskId}") { jobs(first: 100) { totalCount nodes { email { id } } } } }`),
      () => query(`{ task(id: "${taskId}") { jobs(first: 100, ${filter}) { edges { node { email { id } } } } } }`),
      () => page(`${taskId}/jobs?limit=100&after=`),
    ];
    // The task is a statement of its own.
    for (const request of connections) expect(await server.countStatements(request)).toBe(PAGE_AND_BATCH + 1);
  });

  test("a deep page takes one statement for the page and one for its emails", async () => {
    const taskId = await ownTask(400);
    for (const offset of [300, 310, 301]) {
      const statements = await server.countStatements(() => page(`${taskId}/jobs?offset=${offset}`));
      expect(statements).toBe(PAGE_AND_BATCH);
    }
  });

  test("a page without selected emails, or without jobs that have one, takes one statement", async () => {
    const taskId = await ownTask(10);
    const withoutEmails = await aTask(server.sql, { user_id: owner.userId });
    await aJob(server.sql, { task_id: withoutEmails });
    for (const document of [
      `{ taskJobs(taskId: "${taskId}") { count jobs { id emailAddress } } }`,
      `{ taskJobs(taskId: "${taskId}") { jobs { id email @skip(if: true) { id } } } }`,
      `{ taskJobs(taskId: "${withoutEmails}") { jobs { email { id } } } }`,
    ]) {
      expect(await server.countStatements(() => query(document))).toBe(2);
    }
  });

  test("15 aliased pages take one statement and one batch each, and the same emails are read once", async () => {
    const taskId = await ownTask(15);
    const pages = (offsetOf: (index: number) => number) =>
      aliases(15, (n) => `taskJobs(taskId: "${taskId}", limit: 1, offset: ${offsetOf(n)}) { jobs { email { id } } }`);
    expect(await server.countStatements(() => query(pages((index) => index)))).toBe(1 + 15 + 15);
    expect(await server.countStatements(() => query(pages(() => 0)))).toBe(1 + 15 + 1);
  });

  test("the jobs of a page of tasks take one batch", async () => {
    const other = await server.as();
    for (let task = 0; task < 5; task++) {
      await someJobs(server.sql, await aTask(server.sql, { user_id: other.userId }), 3);
    }
    const statements = await server.countStatements(async () => {
      const { body } = await other.query("{ tasks { nodes { jobs { nodes { email { id } } } } } }");
      expect(body.data.tasks.nodes.flatMap((task: { jobs: { nodes: object[] } }) => task.jobs.nodes)).toHaveLength(15);
    });
    expect(statements).toBe(4);
  });

  test("the metric email_batch_size counts the batches and their ids", async () => {
    const sample = async (name: string) => {
      const headers = { Authorization: `Bearer ${METRICS.METRICS_TOKEN}` };
      const text = await (await fetch(`${server.url}/metrics`, { headers })).text();
      return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1]);
    };
    const taskId = await ownTask(30);
    const before = [await sample("email_batch_size_count"), await sample("email_batch_size_sum")];
    await page(`${taskId}/jobs?limit=20`);
    const after = [await sample("email_batch_size_count"), await sample("email_batch_size_sum")];
    expect(after).toEqual([(before[0] ?? 0) + 1, (before[1] ?? 0) + 20]);
  });
});

/** How each code of a PostgreSQL error is reported. */
const FAILURES = [
  ["57014", 504, "DEPENDENCY_TIMEOUT", "DEPENDENCY_TIMEOUT"],
  ["53200", 503, "DEPENDENCY_UNAVAILABLE", "DEPENDENCY_UNAVAILABLE"],
  ["22012", 500, "INTERNAL_ERROR", "INTERNAL_SERVER_ERROR"],
] as const;

describe.for(FAILURES)("a batch that fails with %s", ([sqlState, status, restCode, graphqlCode]) => {
  let taskId: string;

  beforeAll(async () => {
    taskId = await ownTask(3);
    // A sequence keeps its value when the statement that raises the error is rolled back.
    await server.sql.unsafe(`
      create sequence batches;
      alter table emails rename to emails_table;
      create function fail() returns boolean language plpgsql as $$
        begin perform nextval('batches'); raise exception 'canary' using errcode = '${sqlState}'; end $$;
      create view emails as select * from emails_table where fail();`);
  });
  afterAll(async () => {
    await server.sql.unsafe(
      "drop view emails; drop function fail; alter table emails_table rename to emails; drop sequence batches",
    );
  });

  const batches = async () => Number((await server.sql`select nextval('batches') as n`)[0]?.n);
  const linesOf = (requestId: string) =>
    server.logLines.filter((line) => line.includes(requestId) && /unexpected error|dependency/.test(line));

  test(`REST answers ${status}, by offset and by cursor, logs it once and sends no second batch`, async () => {
    for (const parameters of ["", "?after=", "?status=completed"]) {
      for (let run = 1; run <= 4; run++) {
        const requestId = `rest-${sqlState}-${run}-${parameters.length}`;
        const before = await batches();
        const headers = { "X-Request-ID": requestId };
        const response = await owner.get(`/api/v1/tasks/${taskId}/jobs${parameters}`, { headers });
        const body = (await response.json()) as { error: { code: string } };
        expect([response.status, body.error.code]).toEqual([status, restCode]);
        expect(await batches()).toBe(before + 2);
        expect(linesOf(requestId)).toHaveLength(1);
        expect(linesOf(requestId)[0]).not.toContain("canary");
      }
    }
  });

  const DOCUMENTS = [
    (id: string) => `{ taskJobs(taskId: "${id}") { count jobs { id email { id } } } }`,
    (id: string) => `{ task(id: "${id}") { id jobs { nodes { id email { id } } } } }`,
    (id: string) =>
      `{ viewer { userId } ${aliases(2, (n) => `taskJobs(taskId: "${id}", limit: 1, offset: ${n}) { jobs { email { id } } }`).slice(1)}`,
  ];

  test.each(DOCUMENTS)("GraphQL answers no data and one error, interpreted and compiled (%#)", async (documentOf) => {
    for (let run = 1; run <= 5; run++) {
      const requestId = `graphql-${sqlState}-${run}`;
      const before = await batches();
      const accept = run % 2 === 0 ? "application/json" : "application/graphql-response+json";
      const response = await owner.query(documentOf(taskId), {}, { "X-Request-ID": requestId, Accept: accept });
      expect(response.status).toBe(run % 2 === 0 ? 200 : status);
      expect(response.body).toEqual({
        data: null,
        errors: [
          {
            message: expect.not.stringContaining("canary"),
            path: expect.arrayContaining([0, "email"]),
            locations: [expect.any(Object)],
            extensions: { code: graphqlCode },
          },
        ],
        extensions: { cost: expect.any(Object) },
      });
      const sent = (await batches()) - before - 1;
      expect(sent).toBe(documentOf === DOCUMENTS[2] ? 2 : 1);
    }
  });
});

test("a record that is deleted between the page and its batch is null, and REST leaves it out", async () => {
  const taskId = await ownTask(3);
  const ids = (
    await server.sql`select email_id as id from task_email_jobs where task_id = ${taskId} order by task_email_jobs.id desc`
  ).map(({ id }) => id as string);
  const [kept, softDeleted, deleted] = ids as [string, string, string];
  await server.sql`select 1`;
  const blocker = await server.sql.reserve();
  const whileLocked = async <T>(request: () => Promise<T>, change: () => Promise<unknown>) => {
    await blocker`begin`;
    await blocker`lock table emails in access exclusive mode`;
    const response = request();
    // The statement fails after it has waited for 500 ms.
    await expect.poll(() => waitingStatements(blocker), { interval: 5 }).toBe(1);
    await change();
    await blocker`commit`;
    return response;
  };
  try {
    const document = `{ taskJobs(taskId: "${taskId}") { jobs { email { id } } } }`;
    const data = await whileLocked(
      () => query(document),
      () => blocker`update emails set deleted_at = now() where id = ${softDeleted}`,
    );
    expect(data.taskJobs.jobs).toEqual([{ email: { id: kept } }, { email: null }, { email: { id: deleted } }]);
    const rest = await whileLocked(
      () => page(`${taskId}/jobs`),
      () => blocker`delete from emails where id = ${deleted}`,
    );
    expect(rest.jobs.map((job) => [job.email?.id, "email" in job])).toEqual([
      [kept, true],
      [undefined, false],
      [undefined, false],
    ]);
  } finally {
    blocker.release();
  }
});

test("a record that cannot be represented fails alone: null and an error in GraphQL, left out on REST", async () => {
  const taskId = await aTask(server.sql, { user_id: owner.userId });
  const emailIds = [await anEmail(server.sql, { validated_at: "infinity" }), await anEmail(server.sql)];
  await aJob(server.sql, { task_id: taskId, email_id: emailIds[0], created_at: "2025-01-02T00:00:00Z" });
  await aJob(server.sql, { task_id: taskId, email_id: emailIds[1], created_at: "2025-01-01T00:00:00Z" });
  for (let run = 1; run <= 4; run++) {
    const { status, body } = await owner.query(`{ taskJobs(taskId: "${taskId}") { jobs { email { id } } } }`);
    expect([status, body.data.taskJobs.jobs]).toEqual([200, [{ email: null }, { email: { id: emailIds[1] } }]]);
    expect(body.errors).toMatchObject([
      { path: ["taskJobs", "jobs", 0, "email"], extensions: { code: "INTERNAL_SERVER_ERROR" } },
    ]);
    const { jobs } = await page(`${taskId}/jobs`);
    expect(jobs.map((job) => job.email?.id)).toEqual([undefined, emailIds[1]]);
  }
});
