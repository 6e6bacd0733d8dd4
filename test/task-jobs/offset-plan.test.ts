import { expect, test } from "vitest";
import type { OpenDatabase } from "../../src/db/client.ts";
import type { JobFilter } from "../../src/job-search/job-filter.ts";
import { jobSearchQueries } from "../../src/job-search/job-search.queries.ts";
import { taskJobQueries } from "../../src/task-jobs/task-job.queries.ts";
import { taskQueries } from "../../src/tasks/task.queries.ts";
import { deadlineIn } from "../../src/values/deadline.ts";
import { ADMIN, aTask, someJobs } from "../support/builders.ts";
import { blocksReadOf, plansOf, rowsReadOf } from "../support/explained-database.ts";
import { sharedTestDatabase, type TestDatabase } from "../support/test-database.ts";

const JOBS = 20_000;
const HUGE = 2_147_483_647;
/** The blocks of the task, of its totals and of the roots of the indexes. */
const FEW_BLOCKS = 20;

const database = await sharedTestDatabase();
const { sql } = database;
const taskId = await aTask(sql);
await someJobs(sql, taskId, JOBS);
const smallTaskId = await aTask(sql);
await someJobs(sql, smallTaskId, 100);
const emptiedTaskId = await aTask(sql);
await someJobs(sql, emptiedTaskId, 5000);
await sql`update task_email_jobs set deleted_at = now() where task_id = ${emptiedTaskId}`;
await sql`insert into tasks (user_id) select gen_random_uuid() from generate_series(1, 5000)`;
await sql`vacuum analyze`;

function pageAt(open: OpenDatabase, of: string, offset: number) {
  return taskJobQueries(open).findVisibleJobPage({
    viewer: ADMIN,
    taskId: of,
    page: { limit: 100, offset },
    select: { jobs: true, count: true },
    deadline: deadlineIn(60_000),
  });
}

test.for<[string, () => string, number, number]>([
  ["the count", () => taskId, JOBS, JOBS],
  ["the largest offset", () => taskId, HUGE, JOBS],
  ["the count of a small task", () => smallTaskId, 100, 100],
  ["1 of a task whose jobs were deleted", () => emptiedTaskId, 1, 0],
])(
  "a page at the offset of %s is empty, has the right count and reads no job",
  async ([_name, idOf, offset, count]) => {
    const plans = await plansOf(database.url, async (open) => {
      expect(await pageAt(open, idOf(), offset)).toEqual({ jobs: [], count });
    });
    expect(plans).toHaveLength(1);
    for (const plan of plans) {
      expect(rowsReadOf(plan, "task_email_jobs")).toBe(0);
      expect(blocksReadOf(plan)).toBeLessThan(FEW_BLOCKS);
    }
  },
);

test("a page past the end is empty and reads no job, also if a walk left bookmarks", async () => {
  const plans = await plansOf(database.url, async (open) => {
    const { findVisibleJobPage } = taskJobQueries(open);
    for (const offset of [JOBS - 100, JOBS, JOBS + 150]) {
      const select = { jobs: true, count: true };
      const page = { limit: 100, offset };
      const found = await findVisibleJobPage({ viewer: ADMIN, taskId, page, select, deadline: deadlineIn(60_000) });
      expect([offset, found?.jobs.length, found?.count]).toEqual([offset, offset < JOBS ? 100 : 0, JOBS]);
    }
  });
  const [first = [], ...behind] = plans;
  expect(rowsReadOf(first, "task_email_jobs")).toBeGreaterThan(JOBS / 2);
  expect(behind.map((plan) => rowsReadOf(plan, "task_email_jobs"))).toEqual([0, 0]);
});

test("a page at an offset of the count minus one contains the last job", async () => {
  const found = await pageAt(database as unknown as OpenDatabase, taskId, JOBS - 1);
  expect([found?.jobs.length, found?.count]).toEqual([1, JOBS]);
});

test("jobs that no trigger counted are found at every offset", async () => {
  const uncounted = await aTask(database.sql);
  await database.sql.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await someJobs(sql as unknown as TestDatabase["sql"], uncounted, 300);
  });
  for (const offset of [0, 250]) {
    const found = await pageAt(database as unknown as OpenDatabase, uncounted, offset);
    expect(found?.jobs).toHaveLength(offset === 0 ? 100 : 50);
  }
  const [searched] = await searchAt(database as unknown as OpenDatabase, {
    task: uncounted,
    offset: 250,
    count: false,
  });
  expect(searched?.jobs).toHaveLength(50);
});

const FILTER: JobFilter = { addressContains: "@" };

interface SearchAt {
  readonly task: string;
  readonly offset: number;
  readonly count: boolean;
}

function searchAt(open: OpenDatabase, { task, offset, count }: SearchAt) {
  return jobSearchQueries("searches" in open ? open.searches : open).findVisibleJobs({
    viewer: ADMIN,
    taskIds: [task],
    filter: FILTER,
    order: "created_desc",
    after: null,
    before: null,
    backwards: false,
    limit: 100,
    offset,
    select: { jobs: true, count },
    deadline: deadlineIn(60_000),
  });
}

test.each([JOBS, HUGE])(
  "a filtered page at offset %i, past the end, reads no jobs except to count them",
  async (offset) => {
    const rowsOf = async (count: boolean) => {
      const [plan = []] = await plansOf(database.url, async (open) => {
        expect(await searchAt(open, { task: taskId, offset, count })).toEqual([{ jobs: [], count: count ? JOBS : 0 }]);
      });
      return rowsReadOf(plan, "task_email_jobs");
    };
    expect(await rowsOf(false)).toBe(0);
    expect(await rowsOf(true)).toBeLessThan(1.5 * JOBS + 5200);
  },
);

test("a filtered page at the offset of the last match contains this match", async () => {
  for (const count of [true, false]) {
    const [found] = await searchAt(database as unknown as OpenDatabase, { task: taskId, offset: JOBS - 1, count });
    expect(found?.jobs).toHaveLength(1);
  }
});

test("a list of tasks at an offset past the end reads no tasks except to count them", async () => {
  const rowsAt = async (offset: number, length: number) => {
    const [plan = []] = await plansOf(database.url, async (open) => {
      const { rows } = await taskQueries(open).findVisibleTasks({
        viewer: ADMIN,
        filter: {},
        after: null,
        before: null,
        backwards: false,
        limit: 10,
        offset,
        select: { tasks: true, count: true },
        deadline: deadlineIn(60_000),
      });
      expect(rows).toHaveLength(length);
    });
    return rowsReadOf(plan, "tasks");
  };
  const [{ all } = { all: 0 }] = await database.sql`select count(*)::int as all from tasks`;
  expect(await rowsAt(all, 0)).toBe(all);
  expect(await rowsAt(HUGE, 0)).toBe(all);
  expect(await rowsAt(all - 1, 1)).toBe(2 * all);
});
