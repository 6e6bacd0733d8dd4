import { describe, expect, test } from "vitest";
import { apiKeyQueries, newApiKey } from "../../src/auth/api-key.ts";
import type { OpenDatabase } from "../../src/db/client.ts";
import type { JobFilter } from "../../src/job-search/job-filter.ts";
import type { JobOrder } from "../../src/job-search/job-order.ts";
import { jobSearchQueries } from "../../src/job-search/job-search.queries.ts";
import { taskQueries } from "../../src/tasks/task.queries.ts";
import { deadlineIn } from "../../src/values/deadline.ts";
import { ADMIN, aTask } from "../support/builders.ts";
import { blocksReadOf, type PlanNode, plansOf, rowsReadOf } from "../support/explained-database.ts";
import { sharedTestDatabase } from "../support/test-database.ts";
import { serveDatabase } from "../support/test-server.ts";

const USER = { userId: "00000000-0000-4000-8000-000000000001", isAdmin: false };
const JOBS = 200_000;
const LIMIT = 101;
/** One job was created in each second, and each job changed at another second of the first days of February. */
const createdAt = (second: number) => new Date(Date.UTC(2025, 0, 1) + second * 1000).toISOString();
const updatedAt = (second: number) => new Date(Date.UTC(2025, 1, 1) + second * 1000).toISOString();
const SOME_ID = "80000000-0000-4000-8000-000000000000";

/** A task of 200,000 jobs, of which one in 1,000 failed and one is pending, and 20,000 tasks, 2,000 of them the user's. */
const database = await sharedTestDatabase();
const { sql } = database;
const taskId = await aTask(sql, { user_id: USER.userId });
await sql`
  insert into emails (id, email, status)
  select md5(n::text)::uuid, 'u' || n || '@example.com', 'valid' from generate_series(0, ${JOBS}::int - 1, 10) n`;
await sql`
  insert into task_email_jobs (task_id, email_id, email_address, status, created_at, updated_at)
  select ${taskId}, case when n % 10 = 0 then md5(n::text)::uuid end, 'u' || n || '@example.com',
    (case n % 1000 when 0 then 'failed' when 1 then 'pending' else 'completed' end)::job_status,
    ${createdAt(0)}::timestamptz + n * interval '1 second',
    ${updatedAt(0)}::timestamptz + (n::bigint * 7919 % ${JOBS}::int) * interval '1 second'
  from generate_series(0, ${JOBS}::int - 1) n`;
await sql`
  insert into tasks (user_id, created_at)
  select case when n % 10 = 0 then ${USER.userId}::uuid else gen_random_uuid() end,
    ${createdAt(0)}::timestamptz + n * interval '1 second'
  from generate_series(1, 20000) n`;
await sql`vacuum analyze`;

interface Search {
  readonly filter?: JobFilter;
  readonly order?: JobOrder;
  readonly afterSecond?: number;
}

function findJobs({ searches }: OpenDatabase, { filter = {}, order = "created_desc", afterSecond }: Search) {
  const moment = order.startsWith("created") ? createdAt : updatedAt;
  return jobSearchQueries(searches).findVisibleJobs({
    viewer: ADMIN,
    taskIds: [taskId],
    filter,
    order,
    after: afterSecond === undefined ? null : { at: moment(afterSecond), id: SOME_ID },
    before: null,
    backwards: false,
    limit: LIMIT,
    offset: 0,
    select: { jobs: true, count: false },
    deadline: deadlineIn(10_000),
  });
}

async function planOf(work: (database: OpenDatabase) => Promise<unknown>): Promise<PlanNode[]> {
  const plan = (await plansOf(database.url, work)).at(-1);
  if (plan === undefined) throw new Error("no statement was explained");
  return plan;
}

const planOfSearch = (search: Search) => planOf((database) => findJobs(database, search));

interface ExpectedIndex {
  readonly table: string;
  readonly index: string;
  readonly mostRows: number;
}

/** The search reads only a few more rows than it returns, so that it neither walks nor sorts all of them. */
function expectIndex(plan: PlanNode[], { table, index, mostRows }: ExpectedIndex): void {
  const indexes = plan.filter((node) => node["Relation Name"] === table).map((node) => node["Index Name"]);
  expect({ indexes, kinds: plan.map((node) => node["Node Type"]) }).toEqual({
    indexes: [index],
    kinds: expect.not.arrayContaining(["Seq Scan"]),
  });
  expect(plan.filter(isSort).every((node) => node["Actual Rows"] <= mostRows)).toBe(true);
  expect(rowsReadOf(plan, table)).toBeLessThanOrEqual(mostRows);
}

const isSort = (node: PlanNode) => node["Node Type"].endsWith("Sort");

const PAGE = "task_email_jobs_page_idx";
const STATUS = "task_email_jobs_status_idx";
const UPDATED = "task_email_jobs_updated_idx";
const FAILED: JobFilter = { status: ["failed"] };
const RARE: JobFilter = { status: ["failed", "pending"] };
const MIDDLE = JOBS / 2;
const tenMinutes = (moment: (second: number) => string) => [moment(MIDDLE), moment(MIDDLE + 600)] as const;
const [createdFrom, createdTo] = tenMinutes(createdAt);
const [updatedFrom, updatedTo] = tenMinutes(updatedAt);

describe("a search of 200,000 jobs", () => {
  test.for<[string, Search, string, number]>([
    ["newest first", {}, PAGE, LIMIT],
    ["newest first, from the middle", { afterSecond: MIDDLE }, PAGE, LIMIT],
    ["oldest first, from the middle", { order: "created_asc", afterSecond: MIDDLE }, PAGE, LIMIT],
    ["changed last", { order: "updated_desc" }, UPDATED, LIMIT],
    ["changed last, from the middle", { order: "updated_desc", afterSecond: MIDDLE }, UPDATED, LIMIT],
    ["changed first, from the middle", { order: "updated_asc", afterSecond: MIDDLE }, UPDATED, LIMIT],
    ["one status", { filter: FAILED }, STATUS, LIMIT],
    ["one status, from the middle", { filter: FAILED, afterSecond: MIDDLE }, STATUS, LIMIT],
    ["a status of nearly all jobs", { filter: { status: ["completed"] } }, PAGE, 110],
    ["one status, created since", { filter: { ...FAILED, createdFrom: createdAt(MIDDLE) } }, STATUS, LIMIT],
    ["several rare statuses", { filter: RARE }, STATUS, 400],
    ["several statuses of nearly all jobs", { filter: { status: ["completed", "failed"] } }, PAGE, 110],
    ["created within ten minutes", { filter: { createdFrom, createdTo } }, PAGE, LIMIT],
    ["created before", { filter: { createdTo } }, PAGE, LIMIT],
    ["changed within ten minutes", { filter: { updatedFrom, updatedTo } }, UPDATED, 600],
    [
      "changed within ten minutes, in that order",
      { filter: { updatedFrom, updatedTo }, order: "updated_asc" },
      UPDATED,
      LIMIT,
    ],
    ["changed since", { filter: { updatedFrom: updatedAt(JOBS - 300) } }, UPDATED, 300],
  ])("a search of 200,000 jobs uses its index: %s", async ([_, search, index, mostRows]) => {
    expectIndex(await planOfSearch(search), { table: "task_email_jobs", index, mostRows });
  });

  test.each([STATUS, UPDATED])(
    "the check of the plan can fail: without %s a search reads or sorts more rows",
    async (index) => {
      const search: Search = index === STATUS ? { filter: FAILED } : { order: "updated_desc" };
      const plan = await planOf(async (database) => {
        const { unsafe } = database.searches.sql;
        await unsafe(`begin; drop index ${index}`).simple();
        await findJobs(database, search);
        await unsafe("rollback");
      });
      expect(plan.some((node) => node["Index Name"] === index)).toBe(false);
      expect(rowsReadOf(plan, "task_email_jobs")).toBeGreaterThan(50 * LIMIT);
    },
  );
});

test("a condition on the email starts no parallel workers", async () => {
  const plan = await planOfSearch({ filter: { domain: ["example.com"] } });
  expect(plan.map((node) => node["Node Type"]).filter((kind) => kind.startsWith("Gather"))).toEqual([]);
});

test("a search without a condition on the email reads no email", async () => {
  const plan = await planOfSearch({
    filter: { updatedFrom: updatedAt(JOBS - 3000), updatedTo: updatedAt(JOBS - 2000) },
  });
  expect(plan.map((node) => node["Relation Name"])).not.toContain("emails");
  expect(plan.map((node) => node["Relation Name"])).toContain("task_email_jobs");
});

/** Conditions without an index are compared row by row, until the limit of the statement. */
test.each(["q=no-such-address", "has_email=false"])(
  "a search for %s that exceeds statement_timeout is a 504",
  async (filter) => {
    const server = await serveDatabase(database.url, { STATEMENT_TIMEOUT_MS: "30" });
    try {
      const key = newApiKey();
      await apiKeyQueries(database).insertApiKey(key, { ...USER, name: "", expiresAt: null });
      const url = `${server.url}/api/v1/tasks/${taskId}/jobs?${filter}`;
      const response = await fetch(url, { headers: { "X-API-Key": key } });
      expect({ status: response.status, body: await response.json() }).toMatchObject({
        status: 504,
        body: { error: { code: "DEPENDENCY_TIMEOUT" } },
      });
    } finally {
      await server.close();
    }
  },
);

describe("a walk by cursor", () => {
  test.for<[JobOrder, JobFilter, number, number]>([
    ["created_desc", {}, JOBS, LIMIT],
    ["created_asc", {}, 0, JOBS - LIMIT],
    ["updated_desc", {}, JOBS, LIMIT],
    ["created_desc", FAILED, JOBS, 1000 * LIMIT],
  ])(
    "a walk in the order %s with the filter %o reads as much at its end as at its start",
    async ([order, filter, firstSecond, lastSecond]) => {
      const [start, end] = [
        await planOfSearch({ order, filter, afterSecond: firstSecond }),
        await planOfSearch({ order, filter, afterSecond: lastSecond }),
      ];
      for (const plan of [start, end]) expect(plan[0]?.["Actual Rows"]).toBeGreaterThan(LIMIT - 3);
      expect(rowsReadOf(end, "task_email_jobs")).toBeLessThanOrEqual(rowsReadOf(start, "task_email_jobs") + 1);
      expect(blocksReadOf(end)).toBeLessThan(1.2 * blocksReadOf(start));
    },
  );

  test("the check of the walk can fail: a plain OFFSET reads more at its end", async () => {
    const read = (offset: number) =>
      planOf(
        ({ searches }) =>
          searches.sql`select * from task_email_jobs where task_id = ${taskId} and deleted_at is null
          order by created_at desc, id desc limit ${LIMIT} offset ${offset}`,
      );
    expect(blocksReadOf(await read(JOBS - LIMIT))).toBeGreaterThan(10 * blocksReadOf(await read(0)));
  });
});

describe("the list of 20,000 tasks", () => {
  const findTasks = (viewer: typeof ADMIN, afterSecond: number | undefined, backwards: boolean) =>
    planOf((database) =>
      taskQueries(database).findVisibleTasks({
        viewer,
        filter: {},
        after: afterSecond === undefined ? null : { at: createdAt(afterSecond), id: SOME_ID },
        before: null,
        backwards,
        limit: LIMIT,
        offset: 0,
        select: { tasks: true, count: false },
        deadline: deadlineIn(10_000),
      }),
    );

  test.each([
    ["the tasks of a user", USER, "tasks_of_user_idx"],
    ["all tasks, for an admin", ADMIN, "tasks_newest_idx"],
  ])("a list of 20,000 tasks uses its index: %s", async (_, viewer, index) => {
    for (const afterSecond of [undefined, 10_000]) {
      for (const backwards of [false, true]) {
        expectIndex(await findTasks(viewer, afterSecond, backwards), { table: "tasks", index, mostRows: LIMIT });
      }
    }
  });
});
