import { expect, test } from "vitest";
import { openDatabase, type Sql } from "../../src/db/client.ts";
import { taskJobQueries } from "../../src/task-jobs/task-job.queries.ts";
import { deadlineIn } from "../../src/values/deadline.ts";
import { seededRandom } from "../../tools/support/random.mjs";
import { ADMIN, aTask, someJobs, someJobsCreatedAt } from "../support/builders.ts";
import { sharedTestDatabase } from "../support/test-database.ts";

const ASKED = { viewer: ADMIN, select: { jobs: true, count: true }, deadline: deadlineIn(600_000) };

const database = await sharedTestDatabase();

/** The queries of a server with its bookmarks, on one connection, so that a transaction can keep a snapshot. */
function openInstance() {
  const instance = openDatabase({ url: database.url, maxConnections: 1 });
  const { sql, close } = instance;
  const { findVisibleJobPage } = taskJobQueries(instance);
  return {
    close,
    /** The page of the server and the page of plain OFFSET, in one snapshot. */
    async bothPages(taskId: string, limit: number, offset: number) {
      await sql`begin isolation level repeatable read`;
      const served = await findVisibleJobPage({ ...ASKED, taskId, page: { limit, offset } });
      const plain = await sql`
        select id from task_email_jobs where task_id = ${taskId} and deleted_at is null
        order by created_at desc, id desc limit ${limit} offset ${offset}`;
      const [{ count } = { count: -1 }] = await sql`
        select count(*)::int as count from task_email_jobs where task_id = ${taskId} and deleted_at is null`;
      await sql`commit`;
      return {
        served: { ids: served?.jobs.map((job) => job.id), count: served?.count },
        plain: { ids: plain.map((row) => row.id as string), count: count as number },
      };
    },
  };
}

/** One change of each kind that moves rows, or a change that moves none. */
function changeOf(sql: Sql, taskId: string, random: () => number) {
  const some = sql`select id from task_email_jobs where task_id = ${taskId} order by random() limit 7 for update skip locked`;
  const changes = [
    () =>
      someJobsCreatedAt(sql, taskId, {
        count: 5,
        createdAt: new Date(1.7e12 + Math.floor(random() * 5) * 1000).toISOString(),
      }),
    () => sql`delete from task_email_jobs where id in (${some})`,
    () => sql`update task_email_jobs set deleted_at = now() where id in (${some})`,
    () => sql`update task_email_jobs set deleted_at = null where id in (${some}) and deleted_at is not null`,
    () => sql`update task_email_jobs set created_at = created_at - interval '1 second' where id in (${some})`,
    () => sql`update task_email_jobs set status = 'failed' where id in (${some})`,
  ];
  return changes[Math.floor(random() * changes.length)]?.();
}

test("every page of a walk on two instances equals plain OFFSET while rows are inserted, deleted and restored", async () => {
  const random = seededRandom(1_977);
  const taskId = await aTask(database.sql);
  for (let second = 0; second < 5; second++) {
    await someJobsCreatedAt(database.sql, taskId, {
      count: 300,
      createdAt: new Date(1.7e12 + second * 1000).toISOString(),
    });
  }
  const instances = [openInstance(), openInstance()];
  const writing = { goesOn: true };
  const writer = (async () => {
    while (writing.goesOn) {
      await changeOf(database.sql, taskId, random);
      await new Promise((resolve) => setTimeout(resolve, random() * 20));
    }
  })();

  for (let walk = 0; walk < 12; walk++) {
    const limit = [1, 7, 50, 100][walk % 4] ?? 100;
    let offset = Math.floor(random() * 300);
    for (let page = 0; page < 25; page++) {
      const { served, plain } = (await instances[page % 2]?.bothPages(taskId, limit, offset)) ?? {};
      expect(served).toEqual(plain);
      offset = random() < 0.85 ? offset + limit : Math.floor(random() * 1600);
    }
  }
  writing.goesOn = false;
  await writer;
  await Promise.all(instances.map((instance) => instance.close()));
});

test("the comparison with plain OFFSET can fail: a bookmark whose version did not change with the jobs is used although it is stale", async () => {
  const taskId = await aTask(database.sql);
  await someJobs(database.sql, taskId, 300);
  const instance = openInstance();
  await instance.bothPages(taskId, 100, 50);
  // With the triggers off, the version stays the same while the rows move.
  await database.sql.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql`update task_email_jobs set deleted_at = now() where id in (
      select id from task_email_jobs where task_id = ${taskId} order by created_at desc, id desc limit 50)`;
  });
  const { served, plain } = await instance.bothPages(taskId, 100, 150);
  expect(served.ids).not.toEqual(plain.ids);
  await instance.close();
});

test("the next page of a walk skips one row at any depth", async () => {
  const taskId = await aTask(database.sql);
  await someJobs(database.sql, taskId, 20_000);
  await database.sql`vacuum analyze task_email_jobs`;
  const instance = openDatabase({ url: database.url, maxConnections: 1 });
  const { sql, close } = instance;
  const { findVisibleJobPage } = taskJobQueries(instance);
  const rowsRead = async (offset: number) => {
    // The number of this transaction, because other connections add theirs to that of the index up to ten seconds later.
    const read = async () =>
      (await sql`select pg_stat_get_xact_tuples_returned('task_email_jobs_page_idx'::regclass)::int as rows`)[0]
        ?.rows as number;
    await sql`begin`;
    const before = await read();
    await findVisibleJobPage({ ...ASKED, taskId, page: { limit: 100, offset } });
    const rows = (await read()) - before;
    await sql`commit`;
    return rows;
  };
  expect(await rowsRead(19_000)).toBeGreaterThan(19_000);
  expect(await rowsRead(19_100)).toBeLessThan(110);
  expect(await rowsRead(19_200)).toBeLessThan(110);
  expect(await rowsRead(19_000)).toBeLessThan(110);
  await close();
});
