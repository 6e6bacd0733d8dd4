import { describe, expect, test } from "vitest";
import { aJob, anEmail, aTask } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer();
const [owner, other, admin] = [await server.as(), await server.as(), await server.as({ isAdmin: true })];
const PATH = "/api/v1/metrics/verifications";

/** Each row: the task, the email's status or null, the job's status, its day, its address, and columns of the email. */
const tasks = {
  first: await aTask(server.sql, { user_id: owner.userId, created_at: "2025-01-01T00:00:00Z" }),
  second: await aTask(server.sql, { user_id: owner.userId, created_at: "2025-01-02T00:00:00Z" }),
  empty: await aTask(server.sql, { user_id: owner.userId, created_at: "2025-01-03T00:00:00Z" }),
  deleted: await aTask(server.sql, { user_id: owner.userId, deleted_at: "2025-01-03T00:00:00Z" }),
  foreign: await aTask(server.sql, { user_id: other.userId, created_at: "2025-01-01T00:00:00Z" }),
  unowned: await aTask(server.sql, { user_id: null, created_at: "2025-01-01T00:00:00Z" }),
  ofAdmin: await aTask(server.sql, { user_id: admin.userId, created_at: "2025-01-01T00:00:00Z" }),
};

interface AddedJob {
  readonly address: string;
  readonly status: string;
  readonly deleted_at?: string;
  /** Absent if the job has no result. */
  readonly email?: object;
}

async function addJob(task: keyof typeof tasks, day: number, { address, email, ...job }: AddedJob) {
  await aJob(server.sql, {
    task_id: tasks[task],
    email_address: address,
    created_at: `2025-01-0${day}T12:00:00.5Z`,
    updated_at: `2025-01-0${day}T12:00:00.5Z`,
    email_id: email === undefined ? null : await anEmail(server.sql, { ...email }),
    ...job,
  });
}

await addJob("first", 1, {
  address: "Ada@example.com",
  status: "completed",
  email: { status: "valid", is_role_based: true, validated_at: "2025-01-05T00:00:00.51Z" },
});
await addJob("first", 2, {
  address: "ada@EXAMPLE.com",
  status: "completed",
  email: { status: "exists", validated_at: "2025-01-05T00:00:00.5Z" },
});
await addJob("first", 2, { address: "b@example.com", status: "completed", email: { status: "not_exists" } });
await addJob("second", 3, {
  address: "c@example.com",
  status: "completed",
  email: { status: "catchall", is_disposable: true },
});
await addJob("second", 3, { address: "d@example.com", status: "completed", email: { status: "disposable_domain" } });
await addJob("second", 4, { address: "e@example.com", status: "completed", email: { status: "a_new_word" } });
await addJob("second", 4, { address: "f@example.com", status: "failed" });
await addJob("second", 4, { address: "g@example.com", status: "processing" });
await addJob("second", 5, {
  address: "h@example.com",
  status: "completed",
  deleted_at: "2025-01-06Z",
  email: { status: "valid" },
});
await addJob("deleted", 5, { address: "i@example.com", status: "completed", email: { status: "valid" } });
await addJob("foreign", 1, { address: "ada@example.com", status: "completed", email: { status: "valid" } });
await addJob("ofAdmin", 1, { address: "k@example.com", status: "pending" });
await addJob("unowned", 1, { address: "j@example.com", status: "pending" });

const answerTo = async (query = "", viewer = owner) => {
  const response = await viewer.get(`${PATH}${query}`);
  return { status: response.status, text: await response.text() };
};
const metricsAt = async (query = "", viewer = owner) => JSON.parse((await answerTo(query, viewer)).text);

describe("GET /api/v1/metrics/verifications", () => {
  test("the results of all tasks of the caller have the documented keys in their order", async () => {
    expect((await answerTo()).text).toBe(
      `{"user_id":"${owner.userId}","total_verifications":8,"total_tasks":3,"unique_email_addresses":7,` +
        '"job_status":{"pending":0,"processing":1,"completed":6,"failed":1},' +
        '"verification_status":{"exists":2,"not_exists":1,"catchall":1,"invalid_syntax":0,"unknown":1,"role_based":1,' +
        '"disposable_domain_emails":2},"total_catchall":1,"total_role_based":1,"total_disposable_domain_emails":2,' +
        '"last_verification_requested_at":"2025-01-04T12:00:00.5Z",' +
        '"last_verification_completed_at":"2025-01-05T00:00:00.51Z"}',
    );
  });

  test("from is inclusive and to is exclusive, for jobs and for tasks", async () => {
    const totals = async (query: string) => {
      const metrics = await metricsAt(query);
      return [metrics.total_verifications, metrics.total_tasks, metrics.unique_email_addresses];
    };
    expect(await totals("?from=2025-01-02T12:00:00.5Z")).toEqual([7, 1, 7]);
    expect(await totals("?to=2025-01-02T12:00:00.5Z")).toEqual([1, 2, 1]);
    expect(await totals("?from=2025-01-02T00:00:00Z&to=2025-01-03T00:00:00Z")).toEqual([2, 1, 2]);
    expect(await totals("?from=2025-01-03T00:00:00Z&to=2025-01-02T00:00:00Z")).toEqual([0, 0, 0]);
  });

  test("an admin counts their own tasks or those of another user, and any other user only their own", async () => {
    const own = await metricsAt("", admin);
    expect([own.user_id, own.total_verifications, own.total_tasks]).toEqual([admin.userId, 1, 1]);
    const { body } = await admin.query("{ verificationMetrics { userId totalTasks progress { total } } }");
    expect(body.data.verificationMetrics).toEqual({ userId: admin.userId, totalTasks: 1, progress: { total: 1 } });
    const ofOwner = await metricsAt(`?user_id=${owner.userId.toUpperCase()}`, admin);
    expect(ofOwner).toEqual(await metricsAt());
    expect(await metricsAt(`?user_id=${owner.userId}`)).toEqual(ofOwner);
    const reader = await server.as();
    const none = { total_verifications: 0, total_tasks: 0, unique_email_addresses: 0 };
    expect(await metricsAt(`?user_id=${owner.userId}`, reader)).toMatchObject({ ...none, user_id: owner.userId });
    expect(await metricsAt("", reader)).toMatchObject({
      ...none,
      last_verification_requested_at: null,
      last_verification_completed_at: null,
    });
  });

  test("the error of /api/v1/metrics/verifications names every wrong parameter", async () => {
    const { status, text } = await answerTo("?user_id=me&from=yesterday&to=2025-13-01T00:00:00Z&until=1");
    expect([status, JSON.parse(text).error.details.map(({ field }: { field: string }) => field)]).toEqual([
      400,
      ["until", "user_id", "from", "to"],
    ]);
  });

  test("/api/v1/metrics/verifications has ETag, the methods and the errors of the other paths", async () => {
    const tag = (await owner.get(PATH)).headers.get("etag") ?? "";
    expect((await owner.get(PATH, { headers: { "If-None-Match": tag } })).status).toBe(304);
    expect((await owner.get(PATH, { method: "HEAD" })).headers.get("etag")).toBe(tag);
    expect((await fetch(server.url + PATH)).status).toBe(401);
    expect((await owner.get(PATH, { headers: { Accept: "text/csv" } })).status).toBe(406);
    const posted = await owner.get(PATH, { method: "POST" });
    expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
  });
});

describe("verificationMetrics", () => {
  test("verificationMetrics returns the numbers of the REST path, with the results by deliverability", async () => {
    const { body } = await owner.query(`{ verificationMetrics { userId totalTasks uniqueEmailAddresses lastRequestedAt
      progress { total completed percent isComplete lastUpdatedAt
        deliverability { deliverable undeliverable risky unknown } verification { exists unknown } } } }`);
    expect(body.data.verificationMetrics).toEqual({
      userId: owner.userId,
      totalTasks: 3,
      uniqueEmailAddresses: 7,
      lastRequestedAt: "2025-01-04T12:00:00.5Z",
      progress: {
        total: 8,
        completed: 6,
        percent: 87,
        isComplete: false,
        lastUpdatedAt: "2025-01-04T12:00:00.5Z",
        deliverability: { deliverable: 2, undeliverable: 1, risky: 2, unknown: 1 },
        verification: { exists: 2, unknown: 1 },
      },
    });
    expect(body.extensions.cost.requested).toBeGreaterThan(500);
  });

  test("a wrong time is BAD_USER_INPUT and names the argument", async () => {
    const { body } = await owner.query('{ verificationMetrics(from: "2025-13-01", to: "yesterday") { totalTasks } }');
    const [{ extensions }] = body.errors;
    expect([extensions.code, extensions.details.map(({ field }: { field: string }) => field)]).toEqual([
      "BAD_USER_INPUT",
      ["from", "to"],
    ]);
  });

  test("callers share a count, which is one statement, and only selected parts are counted", async () => {
    const query = (range: string) =>
      `{ verificationMetrics(from: "${range}") { userId totalTasks uniqueEmailAddresses progress { total } } }`;
    const statementsFor = (document: string) => server.countStatements(() => owner.query(document));
    const document = query("2024-01-01T00:00:00Z");
    // Each request reads its API key.
    expect([await statementsFor(document), await statementsFor(document)]).toEqual([2, 1]);
    expect(await statementsFor('{ verificationMetrics(from: "2023-01-01T00:00:00Z") { userId } }')).toBe(1);
  });
});
