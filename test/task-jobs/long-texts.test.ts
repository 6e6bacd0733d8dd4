import { describe, expect, test } from "vitest";
import { aJob, allowAnyTextLength, anEmail, aTask } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

const LONG = "x".repeat(5_000_000);
const LIMIT = 4096;

const server = await sharedTestServer();
const owner = await server.as();
await allowAnyTextLength(server.sql);
const taskId = await aTask(server.sql, { user_id: owner.userId, source: LONG });
const texts = [{ unknown_reason: LONG }, { host_name: LONG }, { email: LONG }, { status: LONG }, { server_type: "ok" }];
for (const [index, text] of texts.entries()) {
  const emailId = await anEmail(server.sql, text);
  await aJob(server.sql, { task_id: taskId, email_id: emailId, created_at: `2025-01-0${9 - index}Z` });
}
await aJob(server.sql, { task_id: taskId, email_address: LONG, created_at: "2025-01-01Z" });

interface RestJob {
  readonly email_address: string;
  readonly email?: object;
}

/** Each job as the length of its address and whether it has an email. */
const EXPECTED = [
  [15, false],
  [15, false],
  [15, false],
  [15, false],
  [15, true],
  [LIMIT, false],
];
const shapeOf = (job: RestJob) => [job.email_address.length, job.email !== undefined];

describe("a row with a text of 5 MB, from before the limit", () => {
  test("every REST page, by offset and by cursor, omits only emails with a text of 5 MB and shortens addresses", async () => {
    for (const start of ["", "&after="]) {
      for (const limit of [1, 2, 100]) {
        const seen: RestJob[] = [];
        let path: string | undefined = `/api/v1/tasks/${taskId}/jobs?limit=${limit}${start}`;
        while (path !== undefined) {
          const response = await owner.get(path);
          expect(response.status).toBe(200);
          seen.push(...((await response.json()) as { jobs: RestJob[] }).jobs);
          const next: string | undefined = /<([^>]*)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
          path = next?.replace(/^https?:\/\/[^/]*/, "");
        }
        expect(seen.map(shapeOf)).toEqual(EXPECTED);
      }
    }
  });

  test("a REST search and the list of tasks shorten a text of 5 MB", async () => {
    const search = await owner.get(`/api/v1/tasks/${taskId}/jobs?created_from=2020-01-01T00:00:00Z`);
    expect(((await search.json()) as { jobs: RestJob[] }).jobs.map(shapeOf)).toEqual(EXPECTED);
    const list = (await (await owner.get("/api/v1/tasks")).json()) as { tasks: { source: string }[] };
    expect(list.tasks.map(({ source }) => source.length)).toEqual([LIMIT]);
  });

  test("GraphQL returns null and an error at its path for each email with a text of 5 MB", async () => {
    const { body } = await owner.query(`{
      taskJobs(taskId: "${taskId}") { jobs { emailAddress email { id unknownReason hostName } } }
      task(id: "${taskId}") { source }
    }`);
    const { jobs } = body.data.taskJobs as { jobs: { emailAddress: string; email: object | null }[] };
    expect(jobs.map((job) => [job.emailAddress.length, job.email !== null])).toEqual(EXPECTED);
    const paths = (body.errors as { path: unknown[] }[]).map(({ path }) => path.join("."));
    expect(paths.sort()).toEqual([0, 1, 2, 3].map((index) => `taskJobs.jobs.${index}.email`));
    expect(body.data.task.source).toHaveLength(LIMIT);
  });

  test("exports of both formats contain the job of an email with a text of 5 MB, without the email", async () => {
    const ndjson = await (await owner.get(`/api/v1/tasks/${taskId}/jobs/export?format=ndjson`)).text();
    const jobs = ndjson
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as RestJob);
    expect(jobs.map(shapeOf)).toEqual(EXPECTED);
    const csv = await (await owner.get(`/api/v1/tasks/${taskId}/jobs/export?format=csv&fields=unknown_reason`)).text();
    expect(csv).toBe(`unknown_reason\r\n${"\r\n".repeat(EXPECTED.length)}`);
  });
});

test("a REST page of 100 jobs with texts of the maximum length is within the limit of a response", async () => {
  const full = await aTask(server.sql, { user_id: owner.userId });
  const [address, reason] = ["€".repeat(LIMIT), "€".repeat(LIMIT - 20)];
  for (let index = 0; index < 100; index++) {
    const emailId = await anEmail(server.sql, { unknown_reason: reason });
    await aJob(server.sql, { task_id: full, email_id: emailId, email_address: address });
  }
  const response = await owner.get(`/api/v1/tasks/${full}/jobs?limit=100`);
  const { jobs } = (await response.json()) as { jobs: RestJob[] };
  expect(jobs.map(shapeOf)).toEqual(Array(100).fill([LIMIT, true]));
});

test("a shortened text does not end with half of a surrogate pair", async () => {
  const task = await aTask(server.sql, { user_id: owner.userId, source: `x${"😀".repeat(LIMIT)}` });
  const { body } = await owner.query(`{ task(id: "${task}") { source } }`);
  expect(body.data.task.source).toBe(`x${"😀".repeat((LIMIT - 2) / 2)}`);
});
