import { expect, test } from "vitest";
import { aJob, anEmail, aTask, someJobs } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer();
const owner = await server.as();

const ownTask = () => aTask(server.sql, { user_id: owner.userId });
const jobsOf = (taskId: string, query = "") => owner.get(`/api/v1/tasks/${taskId}/jobs${query}`);

test("the response to the documented example is equal to it byte for byte", async () => {
  const taskId = "33333333-3333-4333-8333-333333333333";
  await aTask(server.sql, { id: taskId, user_id: owner.userId });
  const emailId = await anEmail(server.sql, {
    id: "22222222-2222-4222-8222-222222222222",
    email: "user@example.com",
    status: "exists",
    has_mx_records: true,
    has_reverse_dns: true,
    domain_name: "example.com",
    host_name: "mx1.example.com",
    server_type: "Gmail",
    validated_at: "2025-01-01T12:00:01.5Z",
  });
  await aJob(server.sql, {
    id: "11111111-1111-4111-8111-111111111111",
    task_id: taskId,
    email_id: emailId,
    email_address: "user@example.com",
    status: "completed",
    created_at: "2025-01-01T12:00:00Z",
    updated_at: "2025-01-01T12:00:01.123456Z",
  });
  await aJob(server.sql, {
    id: "44444444-4444-4444-8444-444444444444",
    task_id: taskId,
    email_address: "later@example.com",
    created_at: "2025-01-01T11:00:00Z",
    updated_at: "2025-01-01T11:00:00Z",
  });

  const response = await jobsOf(taskId);

  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(await response.text()).toBe(
    '{"jobs":[{"id":"11111111-1111-4111-8111-111111111111","task_id":"33333333-3333-4333-8333-333333333333",' +
      '"email_address":"user@example.com","status":"completed",' +
      '"email":{"id":"22222222-2222-4222-8222-222222222222","email":"user@example.com","status":"exists",' +
      '"is_role_based":false,"is_disposable":false,"has_mx_records":true,"has_reverse_dns":true,' +
      '"domain_name":"example.com","host_name":"mx1.example.com","server_type":"Gmail","is_catchall":false,' +
      '"validated_at":"2025-01-01T12:00:01.5Z","unknown_reason":null,"needs_physical_verify":false},' +
      '"created_at":"2025-01-01T12:00:00Z","updated_at":"2025-01-01T12:00:01.123456Z"},' +
      '{"id":"44444444-4444-4444-8444-444444444444","task_id":"33333333-3333-4333-8333-333333333333",' +
      '"email_address":"later@example.com","status":"pending",' +
      '"created_at":"2025-01-01T11:00:00Z","updated_at":"2025-01-01T11:00:00Z"}],' +
      '"count":2,"limit":10,"offset":0}',
  );
});

test.each([1, 7, 100])("a walk with limit %i returns each of 250 jobs with equal created_at once", async (limit) => {
  const taskId = await ownTask();
  await someJobs(server.sql, taskId, 250);
  const seen: string[] = [];
  for (let offset = 0; ; offset += limit) {
    const { jobs, count } = JSON.parse(await (await jobsOf(taskId, `?limit=${limit}&offset=${offset}`)).text());
    expect(count).toBe(250);
    seen.push(...jobs.map((job: { id: string }) => job.id));
    if (jobs.length < limit) break;
  }
  expect(seen).toHaveLength(250);
  expect(seen).toEqual([...new Set(seen)].sort().reverse());
});

test("jobs are ordered from newest to oldest, to the microsecond", async () => {
  const taskId = await ownTask();
  const times = ["2025-01-01T00:00:00.000001Z", "2025-01-01T00:00:00.000003Z", "2025-01-01T00:00:00.000002Z"];
  for (const created_at of times) await aJob(server.sql, { task_id: taskId, created_at });
  const { jobs } = JSON.parse(await (await jobsOf(taskId)).text());
  expect(jobs.map((job: { created_at: string }) => job.created_at)).toEqual([...times].sort().reverse());
});

test("deleted jobs are neither listed nor counted, and a job omits its deleted email", async () => {
  const taskId = await ownTask();
  const deletedEmail = await anEmail(server.sql, { deleted_at: "2025-01-02T00:00:00Z" });
  const kept = await aJob(server.sql, { task_id: taskId, email_id: deletedEmail });
  await aJob(server.sql, { task_id: taskId, deleted_at: "2025-01-02T00:00:00Z" });
  const page = JSON.parse(await (await jobsOf(taskId)).text());
  expect(page.count).toBe(1);
  expect(page.jobs.map((job: { id: string }) => job.id)).toEqual([kept]);
  expect(page.jobs[0]).not.toHaveProperty("email");
});

test("a page past the end is empty and has the count", async () => {
  const taskId = await ownTask();
  await someJobs(server.sql, taskId, 3);
  expect(await (await jobsOf(taskId, "?offset=2147483647")).text()).toBe(
    '{"jobs":[],"count":3,"limit":10,"offset":2147483647}',
  );
});

test("an unknown email status is returned unchanged", async () => {
  const taskId = await ownTask();
  await aJob(server.sql, { task_id: taskId, email_id: await anEmail(server.sql, { status: "greylisted_maybe" }) });
  const { jobs } = JSON.parse(await (await jobsOf(taskId)).text());
  expect(jobs[0].email.status).toBe("greylisted_maybe");
});

test("a missing table of emails is a masked 500 and not a page without emails", async () => {
  const taskId = await ownTask();
  const emailId = await anEmail(server.sql);
  await aJob(server.sql, { task_id: taskId, email_id: emailId });
  await server.sql`alter table emails rename to emails_away`;
  try {
    const response = await jobsOf(taskId);
    expect(response.status).toBe(500);
    expect(await response.text()).toBe(
      '{"error":{"code":"INTERNAL_ERROR","message":"Unexpected server error","details":[]}}',
    );
  } finally {
    await server.sql`alter table emails_away rename to emails`;
  }
  expect((await jobsOf(taskId)).status).toBe(200);
});
