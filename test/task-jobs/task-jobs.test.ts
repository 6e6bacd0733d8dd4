import { describe, expect, test } from "vitest";
import { aJob, allowAnyTimestamp, anEmail, aTask, someJobs } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer();
await allowAnyTimestamp(server.sql);
const owner = await server.as();

const ownTask = () => aTask(server.sql, { user_id: owner.userId });

const FULL_PAGE = `
  query ($taskId: UUID!, $limit: Int! = 10, $offset: Int! = 0) {
    taskJobs(taskId: $taskId, limit: $limit, offset: $offset) {
      jobs {
        id taskId emailAddress status createdAt updatedAt
        email {
          id email status deliverability isRoleBased isDisposable hasMxRecords hasReverseDns domainName hostName
          serverType isCatchall validatedAt unknownReason needsPhysicalVerify
        }
      }
      count limit offset
    }
  }`;

test("a page has every field of the schema, with enums in upper case and microseconds kept", async () => {
  const taskId = await ownTask();
  const emailId = await anEmail(server.sql, {
    email: "info@example.com",
    status: "catchall",
    is_role_based: true,
    is_catchall: true,
    validated_at: "2025-06-30T23:59:59.000001+02:00",
  });
  const jobId = await aJob(server.sql, {
    task_id: taskId,
    email_id: emailId,
    email_address: "info@example.com",
    status: "failed",
    created_at: "2025-01-01T12:00:00.100Z",
    updated_at: "2025-01-01T12:00:00Z",
  });
  const { body } = await owner.query(FULL_PAGE, { taskId });
  expect({ data: body.data }).toEqual({
    data: {
      taskJobs: {
        jobs: [
          {
            id: jobId,
            taskId,
            emailAddress: "info@example.com",
            status: "FAILED",
            createdAt: "2025-01-01T12:00:00.1Z",
            updatedAt: "2025-01-01T12:00:00Z",
            email: {
              id: emailId,
              email: "info@example.com",
              status: "catchall",
              deliverability: "RISKY",
              isRoleBased: true,
              isDisposable: false,
              hasMxRecords: false,
              hasReverseDns: false,
              domainName: null,
              hostName: null,
              serverType: null,
              isCatchall: true,
              validatedAt: "2025-06-30T21:59:59.000001Z",
              unknownReason: null,
              needsPhysicalVerify: false,
            },
          },
        ],
        count: 1,
        limit: 10,
        offset: 0,
      },
    },
  });
});

describe("statements", () => {
  const statementsFor = async (taskId: string, selection: string) => {
    const query = `{ taskJobs(taskId: "${taskId}", limit: 100) { ${selection} } }`;
    return server.countStatements(async () => {
      expect((await owner.query(query)).body.errors).toBeUndefined();
    });
  };
  /** The number of statements of the query whose text matches the pattern. */
  const statementsLike = async (taskId: string, selection: string, pattern: string) => {
    const calls = async () => {
      const [row] = await server.sql`
        select coalesce(sum(calls), 0)::int as calls from pg_stat_statements
        where query like ${pattern} and query not like '%pg_stat_statements%'
          and dbid = (select oid from pg_database where datname = current_database())`;
      return row?.calls as number;
    };
    await statementsFor(taskId, "limit");
    const before = await calls();
    await statementsFor(taskId, selection);
    return (await calls()) - before;
  };

  test("emails are read only if they are selected, also by directives and fragments", async () => {
    const taskId = await ownTask();
    await someJobs(server.sql, taskId, 5);
    const emailStatements = (selection: string) => statementsLike(taskId, selection, "%from public.emails%");
    expect(await emailStatements("jobs { id }")).toBe(0);
    expect(await emailStatements("jobs { id email @skip(if: true) { id } }")).toBe(0);
    expect(await emailStatements("... on TaskJobs { jobs { ... { email { id } } } }")).toBe(1);
    expect(await emailStatements("...F } } fragment F on TaskJobs { jobs { email { id }")).toBe(1);
  });

  test("jobs are read only if they are selected, and the count is never computed from them", async () => {
    const taskId = await ownTask();
    await someJobs(server.sql, taskId, 5);
    expect(await statementsLike(taskId, "count limit", "%from public.task_email_jobs%")).toBe(0);
    expect(await statementsLike(taskId, "count @include(if: false) jobs { id }", "%from public.task_email_jobs%")).toBe(
      1,
    );
    expect(await statementsLike(taskId, "total: count jobs { id }", "%count(*)%")).toBe(0);
  });

  test("two aliases of a page are two pages, each with its own selection", async () => {
    const taskId = await ownTask();
    await someJobs(server.sql, taskId, 3);
    const { body } = await owner.query(
      `{ a: taskJobs(taskId: "${taskId}") { count } b: taskJobs(taskId: "${taskId}", limit: 2) { jobs { id } } }`,
    );
    expect(body.data.a).toEqual({ count: 3 });
    expect(body.data.b.jobs).toHaveLength(2);
  });
});

describe("bounds", () => {
  test.each([
    [0, 0, ["limit"]],
    [101, 0, ["limit"]],
    [-1, -1, ["limit", "offset"]],
    [10, -1, ["offset"]],
  ])("a page with limit %i and offset %i is BAD_USER_INPUT and the error names %j", async (limit, offset, fields) => {
    const { body } = await owner.query(FULL_PAGE, { taskId: await ownTask(), limit, offset });
    expect(body.errors[0].extensions.code).toBe("BAD_USER_INPUT");
    expect(body.errors[0].extensions.details.map((fault: { field: string }) => fault.field)).toEqual(fields);
    expect(body.errors[0].path).toEqual(["taskJobs"]);
  });

  test("the bounds of a page are checked before any statement of the page", async () => {
    const taskId = await ownTask();
    const statements = await server.countStatements(() => owner.query(FULL_PAGE, { taskId, limit: 0 }));
    expect(statements).toBe(1);
  });

  test.each([{ limit: 2147483648 }, { limit: 1.5 }, { limit: "10" }, { limit: null }, { taskId: "x-secret-x" }, {}])(
    "a page with the variables %j is BAD_USER_INPUT",
    async (variables) => {
      const taskId = "taskId" in variables || Object.keys(variables).length === 0 ? {} : { taskId: await ownTask() };
      const { status, body } = await owner.query(FULL_PAGE, { ...taskId, ...variables });
      expect(status).toBe(200);
      expect(body.errors[0].extensions).toEqual({ code: "BAD_USER_INPUT" });
    },
  );
});

test.each([
  ["exists", "DELIVERABLE"],
  ["valid", "DELIVERABLE"],
  ["not_exists", "UNDELIVERABLE"],
  ["invalid", "UNDELIVERABLE"],
  ["invalid_syntax", "UNDELIVERABLE"],
  ["catchall", "RISKY"],
  ["disposable_domain", "RISKY"],
  ["unknown", "UNKNOWN"],
  ["a new status", "UNKNOWN"],
  ["constructor", "UNKNOWN"],
])("an email with the status %s is %s", async (status, deliverability) => {
  const taskId = await ownTask();
  await aJob(server.sql, { task_id: taskId, email_id: await anEmail(server.sql, { status }) });
  const { body } = await owner.query(`{ taskJobs(taskId: "${taskId}") { jobs { email { status deliverability } } } }`);
  expect(body.data.taskJobs.jobs).toEqual([{ email: { status, deliverability } }]);
});

describe("errors", () => {
  test("the error of a missing table is masked, and logged with the request id and without the statement", async () => {
    const taskId = await ownTask();
    await aJob(server.sql, { task_id: taskId, email_id: await anEmail(server.sql, { email: "canary@example.com" }) });
    await server.sql`alter table emails rename to emails_away`;
    const { body } = await owner
      .query(FULL_PAGE, { taskId }, { "X-Request-ID": "lost-table" })
      .finally(() => server.sql`alter table emails_away rename to emails`);
    expect(body.errors).toEqual([
      {
        message: "Unexpected server error",
        path: ["taskJobs", "jobs", 0, "email"],
        locations: expect.any(Array),
        extensions: { code: "INTERNAL_SERVER_ERROR" },
      },
    ]);
    const lines = server.logLines.filter((line) => line.includes("lost-table") && line.includes("unexpected error"));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('"code":"42P01"');
    expect(server.logLines.join("")).not.toMatch(/canary@|select |Failed query/i);
  });

  test("an email with a timestamp that RFC 3339 cannot express is a masked error", async () => {
    const taskId = await ownTask();
    await aJob(server.sql, { task_id: taskId, email_id: await anEmail(server.sql, { validated_at: "infinity" }) });
    const { body } = await owner.query(`{ taskJobs(taskId: "${taskId}") { jobs { email { validatedAt } } } }`);
    expect(body.errors[0].extensions.code).toBe("INTERNAL_SERVER_ERROR");
  });
});

test("the count and the jobs of a page come from one snapshot during concurrent writes", async () => {
  const taskId = await ownTask();
  const writing = { goesOn: true };
  const writers = [1, 2].map(async () => {
    while (writing.goesOn) {
      await server.sql`insert into task_email_jobs (task_id, email_address, status)
        select ${taskId}, 'a@example.com', 'pending' from generate_series(1, 3)`;
      await server.sql`delete from task_email_jobs where id in (
        select id from task_email_jobs where task_id = ${taskId} limit 3 for update skip locked)`;
    }
  });
  for (let i = 0; i < 300; i++) {
    const { body } = await owner.query(FULL_PAGE.replace(/email \{[^}]*\}/, ""), { taskId, limit: 100 });
    const { jobs, count } = body.data.taskJobs;
    if (count <= 100) expect(jobs).toHaveLength(count);
  }
  writing.goesOn = false;
  await Promise.all(writers);
});

test.each(["limit", "count", "jobs { id }"])(
  "a page of another user's task is NOT_FOUND if only %s is selected",
  async (part) => {
    const { body } = await owner.query(`{ taskJobs(taskId: "${await aTask(server.sql)}") { ${part} } }`);
    expect(body.data).toBeNull();
    expect(body.errors[0].extensions.code).toBe("NOT_FOUND");
  },
);
