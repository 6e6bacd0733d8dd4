import { describe, expect, test } from "vitest";
import { aJob, anEmail, aTask, someJobs } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer();
const owner = await server.as();
const taskId = await aTask(server.sql, {
  user_id: owner.userId,
  source: "list.csv",
  created_at: "2025-01-01T00:00:00Z",
  updated_at: "2025-01-01T00:00:00Z",
});
await someJobs(server.sql, taskId, 30);
const email_id = await anEmail(server.sql, {
  status: "disposable_domain",
  is_disposable: true,
  domain_name: "Mail.test",
});
await aJob(server.sql, {
  task_id: taskId,
  email_id,
  email_address: "Eve@mail.test",
  status: "failed",
  created_at: "2025-02-01T00:00:00Z",
});

const read = async (path: string) => {
  const response = await owner.get(path);
  return { status: response.status, link: response.headers.get("link"), body: JSON.parse(await response.text()) };
};
const jobs = (query: string) => read(`/api/v1/tasks/${taskId}/jobs${query}`);

describe("filters of the page", () => {
  test.each([
    ["?status=failed", 1],
    ["?status=failed&status=completed", 31],
    ["?email_status=disposable_domain", 1],
    ["?deliverability=risky", 1],
    ["?deliverability=deliverable", 30],
    ["?is_disposable=true", 1],
    ["?domain=mail.TEST", 1],
    ["?q=EVE@", 1],
    ["?has_email=false", 0],
    ["?created_from=2025-02-01T00:00:00Z", 1],
    ["?created_to=2025-02-01T00:00:00Z&status=failed", 0],
    ["", 31],
  ])("the parameters %j match as many jobs as documented", async (query, count) => {
    const { status, body } = await jobs(query);
    expect([status, body.count]).toEqual([200, count]);
    expect(body.jobs).toHaveLength(Math.min(10, count));
  });

  test("an offset of 0 together with a cursor is accepted", async () => {
    expect(await jobs("?after=&offset=00")).toEqual(await jobs("?after="));
    expect((await read("/api/v1/tasks?after=&offset=0")).status).toBe(200);
  });

  test("Link repeats the filter parameters and no unknown parameter", async () => {
    expect((await jobs("?limit=10&junk=1&api_key=secret")).link).toContain('/jobs?limit=10&offset=10>; rel="next"');
    expect((await jobs("?status=completed&limit=10&_=1")).link).toContain(
      'limit=10&offset=10&status=completed>; rel="next"',
    );
    expect((await jobs("?after=&status[]=completed&limit=10")).link).toMatch(
      /jobs\?after=[\w-]+&limit=10&status=completed>; rel="next"$/,
    );
    await aTask(server.sql, { user_id: owner.userId, created_at: "2023-01-01T00:00:00Z" });
    const filter = `user_id=${owner.userId}&created_after=2020-01-01T00:00:00Z&created_before=2030-01-01T00:00:00Z`;
    expect((await read(`/api/v1/tasks?limit=1&${filter}&_=1`)).link).toMatch(
      new RegExp(`^</api/v1/tasks\\?after=[\\w-]+&limit=1&${filter.replaceAll(":", "%3A")}>; rel="next"$`),
    );
    await server.sql`delete from tasks where created_at < '2024-01-01'`;
  });

  test.each([
    ["?status=done", ["status"]],
    ["?is_disposable=maybe", ["is_disposable"]],
    ["?created_from=yesterday&limit=0", ["limit", "created_from"]],
    ["?q=a&q=b", ["q"]],
    ["?after=nonsense", ["after"]],
    ["?limit=0&after=zzz&q=", ["limit", "after", "q"]],
    ["?after=zzz&after=zzz&status=done", ["after", "status"]],
    ["?after=&offset=50&limit=1", ["offset"]],
    ["?created_from=2025-02-30T00:00:00Z&updated_to=&domain=", ["domain", "created_from", "updated_to"]],
  ])("the parameters %s are 400 and the error names each field", async (query, fields) => {
    const { status, body } = await jobs(query);
    expect(status).toBe(400);
    expect(body.error.details.map((fault: { field: string }) => fault.field)).toEqual(fields);
  });
});

describe("the wrong parameters of a list of tasks", () => {
  test.each([
    ["?limit=0&after=zzz&user_id=me&created_after=soon", ["limit", "user_id", "created_after", "after"]],
    ["?after=&offset=1", ["offset"]],
    ["?offset=-1&after=x", ["offset", "after", "offset"]],
  ])("the list of tasks names all wrong parameters of %s", async (query, fields) => {
    const { status, body } = await read(`/api/v1/tasks${query}`);
    expect(status).toBe(400);
    expect(body.error.details.map((fault: { field: string }) => fault.field)).toEqual(fields);
  });
});

test("the error for a cursor of another filter or an altered cursor also names the other wrong parameters", async () => {
  const { link } = await jobs("?after=&limit=1&status=completed");
  const cursor = /after=([\w-]+)&limit=1&status=completed>; rel="next"/.exec(link ?? "")?.[1];
  expect((await jobs(`?after=${cursor}&status=completed`)).status).toBe(200);
  for (const query of [`?after=${cursor}&limit=0`, `?limit=0&after=${cursor}==&status=completed`]) {
    const { body } = await jobs(query);
    expect(body.error.details.map((fault: { field: string }) => fault.field)).toEqual(["limit", "after"]);
  }
});

test("a walk by cursor starts with an empty after= and follows Link to the end", async () => {
  const seen: string[] = [];
  let path: string | undefined = `/api/v1/tasks/${taskId}/jobs?after=&limit=7`;
  while (path !== undefined) {
    const { body, link } = await read(path);
    expect(body).toMatchObject({ count: 31, limit: 7, offset: 0 });
    seen.push(...body.jobs.map((job: { id: string }) => job.id));
    path = /<([^>]+)>; rel="next"/.exec(link ?? "")?.[1];
  }
  expect(new Set(seen).size).toBe(31);
});

test("a task has the documented metrics", async () => {
  const { status, body } = await read(`/api/v1/tasks/${taskId}`);
  expect(status).toBe(200);
  expect(JSON.stringify(body)).toBe(
    JSON.stringify({
      id: taskId,
      user_id: owner.userId,
      source: "list.csv",
      created_at: "2025-01-01T00:00:00Z",
      updated_at: "2025-01-01T00:00:00Z",
      metrics: {
        total_email_addresses: 31,
        job_status: { pending: 0, processing: 0, completed: 30, failed: 1 },
        progress: 1,
        progress_percent: 100,
        verification_status: {
          exists: 30,
          not_exists: 0,
          catchall: 0,
          invalid_syntax: 0,
          unknown: 0,
          role_based: 0,
          disposable_domain_emails: 1,
        },
      },
    }),
  );
});

test("tasks are listed, counted, filtered and linked, and another user's task is 404", async () => {
  await aTask(server.sql, { user_id: owner.userId, created_at: "2024-01-01T00:00:00Z" });
  const { body, link } = await read("/api/v1/tasks?limit=1");
  expect(body).toMatchObject({
    tasks: [{ id: taskId, metrics: { total_email_addresses: 31 } }],
    count: 2,
    limit: 1,
    offset: 0,
  });
  const next = /<([^>]+)>; rel="next"/.exec(link ?? "")?.[1] ?? "";
  expect((await read("/api/v1/tasks?after=&limit=1")).link).toBe(link);
  expect((await read(next)).body.tasks[0].created_at).toBe("2024-01-01T00:00:00Z");
  expect((await read("/api/v1/tasks?offset=1")).body.tasks).toHaveLength(1);
  expect((await read("/api/v1/tasks?created_after=2024-06-01T00:00:00Z")).body.count).toBe(1);
  expect((await read("/api/v1/tasks?created_after=soon")).status).toBe(400);
  expect((await read(`/api/v1/tasks/${await aTask(server.sql)}`)).status).toBe(404);
  expect((await read("/api/v1/tasks/nonsense")).status).toBe(400);
});
