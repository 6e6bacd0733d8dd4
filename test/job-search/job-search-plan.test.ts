import { describe, expect, test } from "vitest";
import type { JobFilter } from "../../src/job-search/job-filter.ts";
import type { JobOrder } from "../../src/job-search/job-order.ts";
import { jobSearchQueries } from "../../src/job-search/job-search.queries.ts";
import { deadlineIn } from "../../src/values/deadline.ts";
import { ADMIN, aTask, manyTasks } from "../support/builders.ts";
import { plansOf } from "../support/explained-database.ts";
import { sharedTestDatabase } from "../support/test-database.ts";

/** A task of 100,000 jobs, and 1,000 tasks of 100 jobs. */
const database = await sharedTestDatabase();
const { sql } = database;
const large = await aTask(sql);
await sql`
  with record as (
    insert into emails (email, status) select n, case n % 5 when 0 then 'invalid' else 'valid' end
    from generate_series(1, 100000) n returning id, email
  )
  insert into task_email_jobs (task_id, email_id, email_address, status, created_at, updated_at)
  select ${large}, id, email, case when random() < 0.01 then 'failed' else 'completed' end::job_status,
    timestamptz '2025-01-01' + random() * interval '1 day', timestamptz '2025-01-02' + random() * interval '1 day' from record`;
await manyTasks(sql, { tasks: 1000, jobsOfEach: 100 });
await sql`vacuum analyze`;
const small = (await sql`select id from tasks where id <> ${large} limit 99`).map((row) => row.id);

interface Search {
  readonly filter?: JobFilter;
  readonly order?: JobOrder;
  readonly count?: boolean;
}

async function planOf(taskIds: string[], { filter = {}, order = "created_desc", count = false }: Search) {
  const [plan = []] = await plansOf(database.url, ({ sql, read }) =>
    sql.unsafe("set plan_cache_mode = force_custom_plan").then(() =>
      jobSearchQueries({ read, isDistributed: () => false }).findVisibleJobs({
        viewer: ADMIN,
        taskIds,
        filter,
        order,
        after: null,
        before: null,
        backwards: false,
        limit: 11,
        offset: 0,
        select: { jobs: true, count },
        deadline: deadlineIn(600_000),
      }),
    ),
  );
  return plan;
}

describe.each([
  { name: "a search of one task", ids: () => [large] },
  { name: "a search of a hundred tasks", ids: () => [large, ...small] },
])("$name", ({ ids }) => {
  test.for<[string, JobFilter, JobOrder, RegExp]>([
    ["all jobs", {}, "created_desc", /_page_idx$/],
    ["all jobs by change", {}, "updated_asc", /_updated_idx$/],
    ["failed jobs", { status: ["failed"] }, "created_desc", /_status_idx$/],
    ["jobs with a result", { emailStatus: ["invalid"] }, "created_desc", /_page_idx$/],
  ])("a search for %s walks an index for one page and sorts only the page", async ([_name, filter, order, index]) => {
    const plan = await planOf(ids(), { filter, order });
    const limit = plan.findIndex((node) => node["Node Type"] === "Limit");
    const below = plan.slice(limit);
    expect(below.map((node) => node["Node Type"]).filter((kind) => /Sort|Seq Scan|Bitmap|Hash/.test(kind))).toEqual([]);
    expect(below.map((node) => node["Index Name"] ?? "").filter((name) => index.test(name))).toHaveLength(1);
  });

  test("the number of all jobs is read from the totals of the triggers", async () => {
    const plan = await planOf(ids(), { count: true });
    expect(plan.filter((node) => node["Relation Name"] === "task_email_jobs")).toHaveLength(1);
  });
});

test("a count over a hundred tasks joins the emails at once and does not look up each one", async () => {
  const plan = await planOf([large, ...small], { filter: { emailStatus: ["invalid"] }, count: true });
  const end = plan.findIndex((node) => node["Node Type"] === "Limit");
  expect(plan.slice(0, end).map((node) => node["Node Type"])).toContain("Hash Join");
});

test("a filter that hardly any job of one large task matches does not look up emails job by job", async () => {
  const plan = await planOf([large], { filter: { emailStatus: ["no such word"] } });
  const lookUps = plan.filter((node) => node["Index Name"] === "emails_pkey").map((node) => node["Actual Loops"]);
  expect(Math.max(0, ...lookUps)).toBeLessThanOrEqual(1);
});
