import { describe, expect, test } from "vitest";
import type { JobFilter } from "../../src/job-search/job-filter.ts";
import type { JobOrder } from "../../src/job-search/job-order.ts";
import { JOB_STATUSES, type JobRecord } from "../../src/job-search/job-record.ts";
import { jobSearchQueries } from "../../src/job-search/job-search.queries.ts";
import type { ConnectionPage } from "../../src/paging/connection.ts";
import { seededRandom } from "../../tools/support/random.mjs";
import { ADMIN, aTask, someJobs, someJobsCreatedAt } from "../support/builders.ts";
import { openConnectionLister } from "../support/list-connection.ts";
import { sharedTestDatabase } from "../support/test-database.ts";

const LIST = {
  filter: {} as JobFilter,
  order: "created_desc" as JobOrder,
  select: { jobs: true, count: true },
};

const random = seededRandom(6);
const oneOf = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
const second = (n: number) => new Date(1.7e12 + n * 1000).toISOString();
const idsOf = ({ edges }: ConnectionPage<JobRecord>) => edges.map(({ node }) => node.id);

const database = await sharedTestDatabase();
const queries = jobSearchQueries(database.searches);
const listConnection = openConnectionLister(queries, ADMIN);

test("a walk by creation returns no job twice and misses no original job during inserts, deletes and status changes", async () => {
  const { sql } = database;
  for (const order of ["created_desc", "created_asc"] as const) {
    const taskId = await aTask(sql);
    await someJobsCreatedAt(sql, taskId, { count: 200, createdAt: second(10) });
    const originals = new Set(
      (await sql`select id from task_email_jobs where task_id = ${taskId}`).map((row) => row.id),
    );
    const seen: string[] = [];
    let after: string | undefined;
    for (;;) {
      const page = await listConnection({ ...LIST, taskId, order }, { first: 7, after });
      seen.push(...idsOf(page));
      if (!page.hasNextPage) break;
      after = page.edges.at(-1)?.cursor;
      await someJobsCreatedAt(sql, taskId, { count: 3, createdAt: second(oneOf([5, 10, 15])) });
      await sql`update task_email_jobs set status = 'failed', updated_at = now() where task_id = ${taskId}`;
      const gone = await sql`delete from task_email_jobs where id = (
        select id from task_email_jobs where task_id = ${taskId} order by random() limit 1) returning id`;
      for (const row of gone) originals.delete(row.id);
    }
    expect(seen).toHaveLength(new Set(seen).size);
    expect([...originals].filter((id) => !seen.includes(id))).toEqual([]);
  }
});

test("a walk in ascending order of changes returns every change, also later ones if it continues from its last cursor", async () => {
  const { sql } = database;
  const taskId = await aTask(sql);
  await someJobsCreatedAt(sql, taskId, { count: 40, createdAt: second(0) });
  const changed = new Map<string, string>();
  const shown = new Map<string, string>();
  let after: string | undefined;
  const walkOn = async () => {
    for (;;) {
      const page = await listConnection({ ...LIST, taskId, order: "updated_asc" }, { first: 7, after });
      for (const { node } of page.edges) shown.set(node.id, node.status);
      after = page.edges.at(-1)?.cursor ?? after;
      if (!page.hasNextPage) return;
      await changeOne();
    }
  };
  const changeOne = async () => {
    const status = oneOf(JOB_STATUSES);
    const rows = await sql`update task_email_jobs set status = ${status}, updated_at = clock_timestamp() where id = (
      select id from task_email_jobs where task_id = ${taskId} order by random() limit 1) returning id`;
    for (const row of rows) changed.set(row.id, status);
  };
  await walkOn();
  for (let i = 0; i < 5; i++) await changeOne();
  await walkOn();
  expect(shown.size).toBe(40);
  expect(changed.size).toBeGreaterThan(5);
  for (const [id, status] of changed) expect([id, shown.get(id)]).toEqual([id, status]);
});

describe("a cursor", () => {
  test("a cursor of another task, order or filter, or an invalid one, is refused and the error names its argument", async () => {
    const [taskId, otherId] = [await aTask(database.sql), await aTask(database.sql)];
    await someJobs(database.sql, taskId, 3);
    const { cursor = "" } = (await listConnection({ ...LIST, taskId }, { first: 1 })).edges[0] ?? {};
    const use = (list: object, after: string) => listConnection({ ...LIST, taskId, ...list }, { first: 1, after });
    expect((await use({}, cursor)).edges).toHaveLength(1);
    expect((await use({ filter: { status: null } }, cursor)).edges).toHaveLength(1);
    const tampered = Buffer.from(
      Buffer.from(cursor, "base64url").toString().replace("12:00:00+00", "12:00:01+00"),
    ).toString("base64url");
    expect(tampered).not.toBe(cursor);
    const refused: [object, string][] = [
      [{ taskId: otherId }, cursor],
      [{ order: "created_asc" }, cursor],
      [{ filter: { status: ["failed"] } }, cursor],
      [{}, tampered],
      [{}, `${cursor}x`],
      [{}, `${cursor}!!`],
      [{}, `${cursor}==`],
      [{}, `  ${cursor}`],
      [{}, `${cursor}\n`],
      [{}, cursor.replaceAll("", " ").trim()],
      [{}, ""],
      [{}, "nonsense"],
      [{}, "\0"],
    ];
    for (const [list, after] of refused) {
      await expect(use(list, after)).rejects.toMatchObject({
        kind: "INVALID_INPUT",
        details: [{ field: "after", reason: "is not a cursor of this list with this filter and order" }],
      });
    }
  });
});
