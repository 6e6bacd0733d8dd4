import { expect, test } from "vitest";
import { emailQueries } from "../../src/email/email.queries.ts";
import { taskJobQueries } from "../../src/task-jobs/task-job.queries.ts";
import { deadlineIn } from "../../src/values/deadline.ts";
import { ADMIN, aTask, manyTasks } from "../support/builders.ts";
import { plansOf } from "../support/explained-database.ts";
import { createTestDatabase, sharedTestDatabase } from "../support/test-database.ts";

const RUNS = 2;

/** A task of 100,000 jobs, and as many jobs of other tasks. */
const database = await sharedTestDatabase();
const { sql } = database;
const taskId = await aTask(sql);
await sql`
  with record as (
    insert into emails (email, status) select 'u' || n || '@example.com', 'valid' from generate_series(1, 100000) n
    returning id, email
  )
  insert into task_email_jobs (task_id, email_id, email_address, status, created_at)
  select ${taskId}, id, email, 'completed', timestamptz '2025-01-01' + random() * interval '1 day' from record`;
await manyTasks(sql, { tasks: 1000, jobsOfEach: 100 });
await sql`vacuum analyze`;

test.each([0, 5_000, 90_000])("a page at offset %i walks the page index and sorts nothing", async (offset) => {
  const plans = await plansOf(database.url, async (database) => {
    const { findVisibleJobPage } = taskJobQueries(database);
    for (let run = 0; run < RUNS; run++) {
      await findVisibleJobPage({
        viewer: ADMIN,
        taskId,
        page: { limit: 100, offset },
        select: { jobs: true, count: true },
        deadline: deadlineIn(10_000),
      });
    }
  });
  expect(plans).toHaveLength(RUNS);
  for (const plan of plans) {
    const kinds = plan.map((node) => node["Node Type"]);
    expect(kinds.filter((kind) => kind === "Sort" || kind === "Incremental Sort" || kind === "Seq Scan")).toEqual([]);
    expect(plan.map((node) => node["Index Name"])).toContain("task_email_jobs_page_idx");
  }
});

test.each([1, 100])("a batch of %i emails uses the primary key", async (size) => {
  const ids = (await database.sql`select id from emails limit ${size}`).map((row) => row.id as string);
  const plans = await plansOf(database.url, async (database) => {
    const { findEmailsByIds } = emailQueries(database);
    for (let run = 0; run < RUNS; run++) expect(await findEmailsByIds(ids, deadlineIn(10_000))).toHaveLength(size);
  });
  expect(plans).toHaveLength(RUNS);
  for (const plan of plans) expect(plan.map((node) => node["Node Type"])).not.toContain("Seq Scan");
});

test("the check of the plan can fail: without the page index a page is sorted", async () => {
  const bare = await createTestDatabase();
  try {
    const bareTask = await aTask(bare.sql);
    await bare.sql`drop index task_email_jobs_page_idx`;
    const plans = await plansOf(bare.url, (database) =>
      taskJobQueries(database).findVisibleJobPage({
        viewer: ADMIN,
        taskId: bareTask,
        page: { limit: 100, offset: 0 },
        select: { jobs: true, count: true },
        deadline: deadlineIn(10_000),
      }),
    );
    expect(plans.flat().map((node) => node["Node Type"])).toContain("Sort");
  } finally {
    await bare.close();
  }
});
