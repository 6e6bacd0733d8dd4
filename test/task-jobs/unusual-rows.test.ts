import { beforeAll, describe, expect, test } from "vitest";
import { aJob, allowAnyTimestamp, anEmail, aTask } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

const EARLIEST = "0001-01-01T00:00:00Z";
const LATEST = "9999-12-31T23:59:59.999999Z";

/** Timestamps as PostgreSQL stores them and as callers receive them, newest first. */
const MOMENTS = [
  ["infinity", LATEST],
  ["294276-12-31 23:59:59.999999+00", LATEST],
  ["10000-02-29 00:00:00+00", LATEST],
  ["9999-12-31 23:59:59.999999+00", LATEST],
  ["2025-01-01 12:00:00.5+00", "2025-01-01T12:00:00.5Z"],
  ["0001-01-01 00:00:00+00", EARLIEST],
  ["0001-02-29 00:00:00+00 BC", EARLIEST],
  ["4713-11-24 00:00:00+00 BC", EARLIEST],
  ["-infinity", EARLIEST],
] as const;
const SHOWN = MOMENTS.map(([, shown]) => shown);

const server = await sharedTestServer();
const owner = await server.as();
await allowAnyTimestamp(server.sql);
const taskId = await aTask(server.sql, { user_id: owner.userId, created_at: "infinity", updated_at: "-infinity" });
for (const [moment] of MOMENTS) {
  await aJob(server.sql, { task_id: taskId, created_at: moment, updated_at: moment, status: "completed" });
}

interface Times {
  readonly id: string;
  readonly created_at: string;
  readonly updated_at: string;
}

const JOBS_BY_ORDER = `query ($id: UUID!, $order: TaskJobOrder, $first: Int, $after: String, $last: Int, $before: String) {
  task(id: $id) {
    createdAt updatedAt progress { total completed lastUpdatedAt isComplete }
    jobs(orderBy: $order, first: $first, after: $after, last: $last, before: $before) {
      nodes { id createdAt updatedAt } pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
    }
  }
}`;

interface Connection {
  readonly nodes: { createdAt: string; updatedAt: string }[];
  readonly pageInfo: { startCursor: string; endCursor: string; hasNextPage: boolean; hasPreviousPage: boolean };
}

interface TaskWithJobs {
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly progress: object;
  readonly jobs: Connection;
}

async function queryJobs(variables: object): Promise<TaskWithJobs> {
  const { body } = await owner.query(JOBS_BY_ORDER, { id: taskId, ...variables });
  expect(body.errors).toBeUndefined();
  return body.data.task;
}

describe("a timestamp of a job outside the years 1 to 9999 is returned as the nearest one that RFC 3339 can express", () => {
  test("GraphQL returns the nearest RFC 3339 timestamp for a job, a task and its progress", async () => {
    const task = await queryJobs({});
    expect(task.jobs.nodes.map((job) => job.createdAt)).toEqual(SHOWN);
    expect(task.jobs.nodes.map((job) => job.updatedAt)).toEqual(SHOWN);
    expect([task.createdAt, task.updatedAt]).toEqual([LATEST, EARLIEST]);
    expect(task.progress).toEqual({ total: 9, completed: 9, lastUpdatedAt: LATEST, isComplete: true });
    const { body } = await owner.query(`{ taskJobs(taskId: "${taskId}") { jobs { createdAt } } }`);
    expect(body.data.taskJobs.jobs.map((job: { createdAt: string }) => job.createdAt)).toEqual(SHOWN);
  });

  test("REST returns the nearest RFC 3339 timestamp on every page, by offset and by cursor", async () => {
    for (const start of ["", "&after="]) {
      const seen: Times[] = [];
      let path: string | null = `/api/v1/tasks/${taskId}/jobs?limit=2${start}`;
      while (path !== null) {
        const response = await owner.get(path);
        expect(response.status).toBe(200);
        seen.push(...((await response.json()) as { jobs: Times[] }).jobs);
        path = /<([^>]*)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1] ?? null;
        if (path?.startsWith("http")) path = new URL(path).pathname + new URL(path).search;
      }
      expect(new Set(seen.map(({ id }) => id)).size).toBe(MOMENTS.length);
      expect(seen.map((job) => job.created_at)).toEqual(SHOWN);
      expect(seen.map((job) => job.updated_at)).toEqual(SHOWN);
    }
    const list = (await (await owner.get("/api/v1/tasks")).json()) as { tasks: Times[] };
    expect(list.tasks[0]).toMatchObject({ created_at: LATEST, updated_at: EARLIEST });
  });

  test("exports of both formats contain the nearest RFC 3339 timestamp", async () => {
    const ndjson = await (await owner.get(`/api/v1/tasks/${taskId}/jobs/export?format=ndjson`)).text();
    expect(
      ndjson
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).created_at),
    ).toEqual(SHOWN);
    const csv = await (await owner.get(`/api/v1/tasks/${taskId}/jobs/export?format=csv&fields=job_updated_at`)).text();
    expect(csv).toBe(`job_updated_at\r\n${SHOWN.map((shown) => `${shown}\r\n`).join("")}`);
  });
});

test.each(["CREATED_AT_DESC", "CREATED_AT_ASC", "UPDATED_AT_DESC", "UPDATED_AT_ASC"])(
  "a walk by cursor in the order %s returns jobs outside the years 1 to 9999 once, forwards and backwards",
  async (order) => {
    const expected = order.endsWith("DESC") ? SHOWN : [...SHOWN].reverse();
    const forwards: string[] = [];
    for (let after: string | null = null, isMore = true; isMore; ) {
      const { nodes, pageInfo }: Connection = (await queryJobs({ order, first: 1, after })).jobs;
      forwards.push(...nodes.map((job) => job.createdAt));
      [after, isMore] = [pageInfo.endCursor, pageInfo.hasNextPage];
    }
    const backwards: string[] = [];
    for (let before: string | null = null, isMore = true; isMore; ) {
      const { nodes, pageInfo }: Connection = (await queryJobs({ order, last: 2, before })).jobs;
      backwards.unshift(...nodes.map((job) => job.createdAt));
      [before, isMore] = [pageInfo.startCursor, pageInfo.hasPreviousPage];
    }
    expect({ forwards, backwards }).toEqual({ forwards: expected, backwards: expected });
  },
);

describe("a status of a newer release", () => {
  let newerTask: string;

  beforeAll(async () => {
    await server.sql`alter type job_status add value if not exists 'archived'`;
    newerTask = await aTask(server.sql, { user_id: owner.userId });
    const emailId = await anEmail(server.sql, { validated_at: "infinity" });
    await aJob(server.sql, { task_id: newerTask, status: "archived", email_id: emailId, created_at: "2025-01-03Z" });
    await aJob(server.sql, { task_id: newerTask, status: "archived", created_at: "2025-01-02Z" });
    await aJob(server.sql, { task_id: newerTask, status: "completed", created_at: "2025-01-01Z" });
  });

  test("REST returns a status of a newer release unchanged, by offset, by cursor and with a filter", async () => {
    for (const query of ["", "?after=", "?created_from=2020-01-01T00:00:00Z"]) {
      const response = await owner.get(`/api/v1/tasks/${newerTask}/jobs${query}`);
      const { jobs } = (await response.json()) as { jobs: { status: string }[] };
      expect([response.status, ...jobs.map(({ status }) => status)]).toEqual([
        200,
        "archived",
        "archived",
        "completed",
      ]);
    }
  });

  test("exports of both formats contain a status of a newer release", async () => {
    const get = async (query: string) => (await owner.get(`/api/v1/tasks/${newerTask}/jobs/export?${query}`)).text();
    expect(await get("format=csv&fields=job_status")).toBe("job_status\r\narchived\r\narchived\r\ncompleted\r\n");
    const lines = (await get("format=ndjson")).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).status)).toEqual(["archived", "archived", "completed"]);
  });

  test("only a GraphQL request that selects `status` fails for a status of a newer release", async () => {
    for (let run = 1; run <= 4; run++) {
      const { body } = await owner.query(`{ taskJobs(taskId: "${newerTask}") { jobs { id status } } }`);
      expect(body.data).toBeNull();
      expect(body.errors[0].extensions.code).toBe("INTERNAL_SERVER_ERROR");
      const other = await owner.query(`{ taskJobs(taskId: "${newerTask}") { jobs { statusWord } count } }`);
      expect(other.body.data.taskJobs.jobs[0]).toEqual({ statusWord: "archived" });
    }
  });

  test("a job with a status of a newer release counts in the total, and its task is not complete", async () => {
    const progress = "progress { total pending processing completed failed percent isComplete }";
    const { body } = await owner.query(`{ task(id: "${newerTask}") { ${progress} } }`);
    const counts = { total: 3, pending: 0, processing: 0, completed: 1, failed: 0 };
    expect(body.data.task.progress).toEqual({ ...counts, percent: 33, isComplete: false });
    const response = await owner.get(`/api/v1/tasks/${newerTask}`);
    expect(await response.json()).toMatchObject({ metrics: { total_email_addresses: 3, progress_percent: 33 } });
  });

  test("a job with a status of a newer release matches no filter by status", async () => {
    const response = await owner.get(`/api/v1/tasks/${newerTask}/jobs?status=completed&status=failed`);
    expect(((await response.json()) as { count: number }).count).toBe(1);
    const unknown = await owner.get(`/api/v1/tasks/${newerTask}/jobs?status=archived`);
    expect(unknown.status).toBe(400);
  });
});
