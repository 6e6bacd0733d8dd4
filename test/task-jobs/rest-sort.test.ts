import { describe, expect, test } from "vitest";
import { aJob, aTask } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer();
const owner = await server.as();
const taskId = await aTask(server.sql, { user_id: owner.userId });
const path = `/api/v1/tasks/${taskId}/jobs`;

/** Jobs whose times of creation and of change have different orders, with equal times among both. */
const JOBS = 25;
for (let n = 0; n < JOBS; n++) {
  await aJob(server.sql, {
    task_id: taskId,
    status: n % 5 === 0 ? "failed" : "completed",
    created_at: `2025-01-01T00:00:${String(Math.floor(n / 2)).padStart(2, "0")}Z`,
    updated_at: `2025-01-02T00:00:${String((n * 7) % 10).padStart(2, "0")}Z`,
  });
}

const SORTS = ["created_at_desc", "created_at_asc", "updated_at_desc", "updated_at_asc"] as const;

async function expectedIds(sort: (typeof SORTS)[number], where = "true"): Promise<string[]> {
  const [, column, direction] = /^(\w+)_(asc|desc)$/.exec(sort) ?? [];
  const rows = await server.sql.unsafe(
    `select id from task_email_jobs where task_id = '${taskId}' and ${where} order by ${column} ${direction}, id ${direction}`,
  );
  return rows.map(({ id }) => id);
}

const pageAt = async (query: string) => {
  const response = await owner.get(query.startsWith("/") ? query : `${path}${query}`);
  return { status: response.status, link: response.headers.get("link") ?? "", ...JSON.parse(await response.text()) };
};
const idsOf = (page: { jobs: { id: string }[] }) => page.jobs.map(({ id }) => id);

/** Follows `rel="next"` from a first page to the end. */
async function walk(first: string): Promise<string[]> {
  const ids: string[] = [];
  for (let next: string | undefined = `${path}${first}`; next !== undefined; ) {
    const page = await pageAt(next);
    expect([page.status, page.count >= idsOf(page).length]).toEqual([200, true]);
    ids.push(...idsOf(page));
    next = /<([^>]*)>; rel="next"/.exec(page.link)?.[1];
  }
  return ids;
}

describe("sort", () => {
  test.each(SORTS)("the links of pages by offset and by cursor return every job in the order %s", async (sort) => {
    const expected = await expectedIds(sort);
    expect(expected).toHaveLength(JOBS);
    expect(await walk(`?limit=4&sort=${sort}`)).toEqual(expected);
    expect(await walk(`?limit=4&sort=${sort}&after=`)).toEqual(expected);
  });

  test("a filter applies in every order, and the count is that of the filter", async () => {
    for (const sort of SORTS) {
      const page = await pageAt(`?sort=${sort}&status=failed&limit=3&offset=1`);
      expect(idsOf(page)).toEqual((await expectedIds(sort, "status = 'failed'")).slice(1, 4));
      expect([page.count, page.limit, page.offset]).toEqual([5, 3, 1]);
    }
  });

  test("without sort and with the documented order, a page has the same bytes", async () => {
    const text = async (query: string) => (await owner.get(`${path}${query}`)).text();
    expect(await text("?limit=7&offset=3&sort=created_at_desc")).toBe(await text("?limit=7&offset=3"));
    const link = async (query: string) => (await pageAt(query)).link;
    expect(await link("?limit=7")).not.toContain("sort");
    expect(await link("?limit=7&offset=7&sort=updated_at_asc")).toMatch(
      /^(<[^>]*&sort=updated_at_asc>; rel="\w+"(, )?){4}$/,
    );
  });

  test("a page past the end is empty in every order and has the count", async () => {
    for (const sort of SORTS)
      expect(await pageAt(`?sort=${sort}&offset=2147483647`)).toMatchObject({ jobs: [], count: JOBS });
  });

  test("a cursor of another order is 400, and so are an unknown, an empty and a repeated sort, which name the parameter", async () => {
    const { link } = await pageAt("?limit=2&sort=updated_at_asc&after=");
    const after = /after=([^&]*)/.exec(link)?.[1];
    expect(await pageAt(`?sort=updated_at_desc&after=${after}`)).toMatchObject({
      status: 400,
      error: { details: [{ field: "after" }] },
    });
    for (const value of ["status", "", "CREATED_AT_ASC", "created_at_asc%20"]) {
      expect(await pageAt(`?sort=${value}`)).toMatchObject({
        status: 400,
        error: { details: [{ field: "sort", reason: `must be one of ${SORTS.join(", ")}` }] },
      });
    }
    expect(await pageAt("?sort=created_at_asc&sort=created_at_asc")).toMatchObject({
      status: 400,
      error: { details: [{ field: "sort", reason: "must not be given more than once" }] },
    });
    expect(await pageAt("?sort=created_at_asc&limt=3")).toMatchObject({
      status: 400,
      error: { details: [{ field: "limt", reason: "is not a parameter of this path; did you mean limit?" }] },
    });
  });

  test("taskJobs has the same orders, with the jobs and the count from one statement", async () => {
    for (const sort of SORTS) {
      const query = `{ taskJobs(taskId: "${taskId}", orderBy: ${sort.toUpperCase()}, limit: 9, offset: 5) { jobs { id } count } }`;
      let page: { jobs: { id: string }[]; count: number } = { jobs: [], count: 0 };
      const statements = await server.countStatements(async () => {
        page = (await owner.query(query)).body.data.taskJobs;
      });
      expect([idsOf(page), page.count, statements]).toEqual([(await expectedIds(sort)).slice(5, 14), JOBS, 2]);
    }
  });
});
