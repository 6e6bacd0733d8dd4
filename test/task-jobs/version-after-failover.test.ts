import { expect, test } from "vitest";
import { openDatabase } from "../../src/db/client.ts";
import { taskJobQueries } from "../../src/task-jobs/task-job.queries.ts";
import { deadlineIn } from "../../src/values/deadline.ts";
import { ADMIN, aJob, aTask, someJobs, someJobsCreatedAt } from "../support/builders.ts";
import { asSuperuser, sharedTestDatabase } from "../support/test-database.ts";

const SELECT = { jobs: true, count: true };

const database = await sharedTestDatabase();

const standbyName = () => `${database.name}_standby`;

/** Copies the files of the database. No client may be connected during the copy. */
const copyToStandby = () =>
  asSuperuser(async (sql) => {
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${database.name}`;
    await sql`create database ${sql(standbyName())} template ${sql(database.name)} strategy file_copy`;
  });

/** Replaces the database by the copy, which lacks the transactions committed after the copy. */
const failOver = () =>
  asSuperuser(async (sql) => {
    await sql`drop database ${sql(database.name)} with (force)`;
    await sql`alter database ${sql(standbyName())} rename to ${sql(database.name)}`;
  });

/** Waits until the pool has replaced the connections that were ended. */
async function reconnect(): Promise<void> {
  for (let left = 20; left > 0; left--) await database.sql`select 1`.catch(() => {});
}

const NEWER = "2026-01-01T00:00:00Z";
const OLDER = "2020-01-01T00:00:00Z";
const insertJob = (taskId: string, createdAt: string) => aJob(database.sql, { task_id: taskId, created_at: createdAt });
const newestJobs = (taskId: string, count: number) => database.sql`
  select id from task_email_jobs where task_id = ${taskId} and deleted_at is null order by created_at desc, id desc limit ${count}`;

/** A transaction that is lost, and another one of the same size that is committed after the failover. */
const histories: [string, (taskId: string) => Promise<unknown>, (taskId: string) => Promise<unknown>][] = [
  ["an insert", (id) => insertJob(id, NEWER), (id) => insertJob(id, OLDER)],
  [
    "a deletion",
    (id) => database.sql`delete from task_email_jobs where id in (${newestJobs(id, 1)})`,
    (id) =>
      database.sql`delete from task_email_jobs where id = (select id from task_email_jobs where task_id = ${id} order by created_at, id limit 1)`,
  ],
  [
    "a soft deletion",
    (id) => database.sql`update task_email_jobs set deleted_at = now() where id in (${newestJobs(id, 1)})`,
    (id) => insertJob(id, OLDER),
  ],
  [
    "a change of the order",
    (id) => database.sql`update task_email_jobs set created_at = ${OLDER} where id in (${newestJobs(id, 1)})`,
    (id) => database.sql`update task_email_jobs set created_at = created_at - interval '1 us' where task_id = ${id}`,
  ],
  ["TRUNCATE and an import", async (id) => refill(id, NEWER), async (id) => refill(id, OLDER)],
  [
    "deleting the task and making it again",
    async (id) => {
      await database.sql`delete from tasks where id = ${id}`;
      await aTask(database.sql, { id });
      await refill(id, NEWER);
    },
    async (id) => {
      await database.sql`delete from tasks where id = ${id}`;
      await aTask(database.sql, { id });
      await refill(id, OLDER);
    },
  ],
];

async function refill(taskId: string, createdAt: string): Promise<void> {
  await database.sql`truncate task_email_jobs`;
  await someJobsCreatedAt(database.sql, taskId, { count: 300, createdAt });
}

test.each(histories)("pages of a running server are right after a failover that lost %s", async (_, lost, made) => {
  const taskId = await aTask(database.sql);
  await someJobs(database.sql, taskId, 300);
  const server = openDatabase({ url: database.url, maxConnections: 1 });
  const { findVisibleJobPage } = taskJobQueries(server);
  const pageAt = async (offset: number) => {
    const page = { limit: 50, offset };
    const found = await findVisibleJobPage({
      viewer: ADMIN,
      taskId,
      page,
      select: SELECT,
      deadline: deadlineIn(600_000),
    });
    return found?.jobs.map((job) => job.id);
  };
  try {
    await copyToStandby();
    await reconnect();
    await lost(taskId);
    expect(await pageAt(150)).toHaveLength(50);
    await failOver();
    await reconnect();
    await made(taskId);
    const expected = await database.sql`
      select id from task_email_jobs where task_id = ${taskId} and deleted_at is null
      order by created_at desc, id desc limit 50 offset 200`;
    expect(await pageAt(200)).toEqual(expected.map((row) => row.id));
  } finally {
    await server.close();
  }
});

test("a server stores no bookmark for jobs that no trigger counted", async () => {
  const taskId = await aTask(database.sql);
  const uncounted = (work: (sql: typeof database.sql) => Promise<unknown>) =>
    database.sql.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      await work(sql as unknown as typeof database.sql);
    });
  await uncounted((sql) => someJobs(sql, taskId, 300));
  const { findVisibleJobPage } = taskJobQueries(database);
  const pageAt = (offset: number) =>
    findVisibleJobPage({
      viewer: ADMIN,
      taskId,
      page: { limit: 50, offset },
      select: SELECT,
      deadline: deadlineIn(600_000),
    });
  await pageAt(150);
  await uncounted((sql) => sql`delete from task_email_jobs where id in (${newestJobs(taskId, 1)})`);
  const expected = await database.sql`
    select id from task_email_jobs where task_id = ${taskId} order by created_at desc, id desc limit 50 offset 200`;
  expect((await pageAt(200))?.jobs.map((job) => job.id)).toEqual(expected.map((row) => row.id));
});
