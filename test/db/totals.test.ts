import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Sql } from "../../src/db/client.ts";
import { openDatabase } from "../../src/db/client.ts";
import { seededRandom } from "../../tools/support/random.mjs";
import { aJob, aTask, someJobs } from "../support/builders.ts";
import { sharedTestDatabase } from "../support/test-database.ts";

const database = await sharedTestDatabase();
const sql = database.sql;

/** The totals of the triggers and counted totals, in one snapshot. */
async function totals(): Promise<{ task: string; kept: number; counted: number }[]> {
  return sql`
    select coalesce(k.task_id, c.task_id) as task, coalesce(kept, 0)::int as kept, coalesce(counted, 0)::int as counted
    from (select task_id, sum(jobs) as kept from task_job_totals group by task_id) k
    full join (select task_id, count(*) as counted from task_email_jobs where deleted_at is null group by task_id) c
    using (task_id)`;
}

async function expectExact(): Promise<void> {
  expect((await totals()).filter(({ kept, counted }) => kept !== counted)).toEqual([]);
}

const versionOf = async (taskId: string) =>
  (await sql`select concat(sum(changes), '.', max(slot)) as version from task_job_totals where task_id = ${taskId}`)[0]
    ?.version as string;

describe("the totals follow", () => {
  test.each<[string, (taskId: string, otherId: string) => Promise<unknown>]>([
    ["an insert", (id) => aJob(sql, { task_id: id })],
    ["many inserts in one statement", (id) => someJobs(sql, id, 50)],
    ["an insert of a deleted row", (id) => aJob(sql, { task_id: id, deleted_at: "2025-01-01Z" })],
    [
      "a delete",
      (id) =>
        sql`delete from task_email_jobs where id in (select id from task_email_jobs where task_id = ${id} limit 2)`,
    ],
    ["a soft delete", (id) => sql`update task_email_jobs set deleted_at = now() where task_id = ${id}`],
    [
      "a soft delete twice over",
      async (id) => {
        await sql`update task_email_jobs set deleted_at = now() where task_id = ${id}`;
        await sql`update task_email_jobs set deleted_at = now() + interval '1 day' where task_id = ${id}`;
      },
    ],
    [
      "an undelete",
      async (id) => {
        await sql`update task_email_jobs set deleted_at = now() where task_id = ${id}`;
        await sql`update task_email_jobs set deleted_at = null where task_id = ${id}`;
      },
    ],
    ["a move to another task", (id, other) => sql`update task_email_jobs set task_id = ${other} where task_id = ${id}`],
    [
      "a move of a deleted row",
      async (id, other) => {
        await sql`update task_email_jobs set deleted_at = now() where task_id = ${id}`;
        await sql`update task_email_jobs set task_id = ${other} where task_id = ${id}`;
      },
    ],
    [
      "a rollback",
      (id) =>
        sql
          .begin(async (tx) => {
            await tx`delete from task_email_jobs where task_id = ${id}`;
            throw new Error("rolled back");
          })
          .catch(() => {}),
    ],
    [
      "a rollback to a savepoint",
      (id) =>
        sql.begin(async (tx) => {
          await tx
            .savepoint(async (sp) => {
              await sp`update task_email_jobs set deleted_at = now() where task_id = ${id}`;
              throw new Error("rolled back");
            })
            .catch(() => {});
          await tx`insert into task_email_jobs (task_id, email_address) values (${id}, 'a@example.com')`;
        }),
    ],
    [
      "repeatable read and serializable",
      async (id) => {
        for (const level of ["repeatable read", "serializable"]) {
          await sql.begin(`isolation level ${level}`, async (tx) => {
            await tx`select 1`;
            await aJob(sql, { task_id: id });
            await tx`insert into task_email_jobs (task_id, email_address) values (${id}, 'a@example.com')`;
          });
        }
      },
    ],
    [
      "COPY",
      async (id) => {
        const copy = await sql`copy task_email_jobs (task_id, email_address) from stdin`.writable();
        await new Promise<void>((resolve, reject) => {
          copy.on("finish", resolve).on("error", reject);
          copy.end(`${id}\ta@example.com\n${id}\tb@example.com\n`);
        });
      },
    ],
    [
      "an upsert that updates",
      async (id) => {
        const job = await aJob(sql, { task_id: id });
        await sql`insert into task_email_jobs (id, task_id, email_address) values (${job}, ${id}, 'x@example.com')
        on conflict (id) do update set deleted_at = now()`;
      },
    ],
    ["a hard delete of the task", (id) => sql`delete from tasks where id = ${id}`],
    ["TRUNCATE", () => sql`truncate task_email_jobs`],
  ])("%s", async (_what, change) => {
    const [taskId, otherId] = [await aTask(sql), await aTask(sql)];
    await someJobs(sql, taskId, 5);
    await change(taskId, otherId);
    await expectExact();
  });
});

describe("the version of a task's pages", () => {
  test.each<[string, boolean, (taskId: string) => Promise<unknown>]>([
    ["changes with an insert", true, (id) => aJob(sql, { task_id: id })],
    [
      "changes with a delete",
      true,
      (id) =>
        sql`delete from task_email_jobs where id = (select id from task_email_jobs where task_id = ${id} limit 1)`,
    ],
    [
      "changes when a row is made older",
      true,
      (id) => sql`update task_email_jobs set created_at = '2001-01-01Z' where task_id = ${id}`,
    ],
    ["changes with TRUNCATE", true, () => sql`truncate task_email_jobs`],
    [
      "stays with a status update",
      false,
      (id) => sql`update task_email_jobs set status = 'failed', updated_at = now() where task_id = ${id}`,
    ],
    [
      "stays when all columns are written back as they were",
      false,
      (id) =>
        sql`update task_email_jobs set id = id, task_id = task_id, created_at = created_at, deleted_at = deleted_at where task_id = ${id}`,
    ],
    [
      "never comes back, even for a task that is made again",
      true,
      async (id) => {
        await sql`delete from tasks where id = ${id}`;
        await aTask(sql, { id });
        await someJobs(sql, id, 5);
      },
    ],
  ])("%s", async (_what, changes, change) => {
    const taskId = await aTask(sql);
    await someJobs(sql, taskId, 5);
    const before = await versionOf(taskId);
    await change(taskId);
    expect((await versionOf(taskId)) !== before).toBe(changes);
  });
});

test("two workers of one task never wait for each other's total", async () => {
  const taskId = await aTask(sql);
  await someJobs(sql, taskId, 1);
  const other = openDatabase({ url: database.url, maxConnections: 1 });
  try {
    await sql.begin(async (tx) => {
      await tx`insert into task_email_jobs (task_id, email_address) values (${taskId}, 'a@example.com')`;
      await other.sql.begin(async (second) => {
        await second`set local lock_timeout = '100ms'`;
        await second`insert into task_email_jobs (task_id, email_address) values (${taskId}, 'b@example.com')`;
      });
    });
    await expectExact();
    // A single writer uses an existing slot, so there are as many slots as there were writers at once.
    for (let i = 0; i < 20; i++) await aJob(sql, { task_id: taskId });
    expect(await sql`select 1 from task_job_totals where task_id = ${taskId}`).toHaveLength(2);
  } finally {
    await other.close();
  }
});

test("a worker needs no right on the totals", async () => {
  const role = `worker_${randomUUID().slice(0, 8)}`;
  const taskId = await aTask(sql);
  await sql.begin(async (tx) => {
    await tx`create role ${tx(role)}`;
    await tx`grant select, insert, update, delete on task_email_jobs to ${tx(role)}`;
    await tx`set local role ${tx(role)}`;
    await tx`insert into task_email_jobs (task_id, email_address) values (${taskId}, 'a@example.com')`;
    await tx`update task_email_jobs set deleted_at = now() where task_id = ${taskId}`;
    await tx`delete from task_email_jobs where task_id = ${taskId}`;
    await tx`reset role`;
  });
  await expectExact();
});

test("the totals are exact after random histories of eight writers at once", async () => {
  const random = seededRandom(20_261_124);
  const taskIds = await Promise.all(Array.from({ length: 3 }, () => aTask(sql)));
  const pick = () => taskIds[Math.floor(random() * taskIds.length)] ?? "";
  const some = (taskId: string) =>
    sql`select id from task_email_jobs where task_id = ${taskId} limit ${1 + Math.floor(random() * 5)} for update skip locked`;
  const steps: ((tx: Sql) => Promise<unknown>)[] = [
    (tx) => someJobs(tx, pick(), 1 + Math.floor(random() * 8)),
    (tx) => someJobs(tx, pick(), 3),
    (tx) => tx`delete from task_email_jobs where id in (${some(pick())})`,
    (tx) => tx`update task_email_jobs set deleted_at = now() where id in (${some(pick())})`,
    (tx) => tx`update task_email_jobs set deleted_at = null where id in (${some(pick())})`,
    (tx) => tx`update task_email_jobs set task_id = ${pick()} where id in (${some(pick())})`,
    (tx) => tx`update task_email_jobs set status = 'failed' where id in (${some(pick())})`,
    (tx) => tx`update task_email_jobs set created_at = now() where id in (${some(pick())})`,
  ];
  const writer = openDatabase({ url: database.url, maxConnections: 8 });
  const history = async () => {
    for (let transaction = 0; transaction < 40; transaction++) {
      await writer.sql
        .begin(random() < 0.2 ? "isolation level repeatable read" : "", async (tx) => {
          for (let step = 0; step < 1 + Math.floor(random() * 3); step++) {
            await steps[Math.floor(random() * steps.length)]?.(tx as unknown as Sql);
          }
          if (random() < 0.15) throw new Error("rolled back");
        })
        .catch(() => {});
    }
  };
  await Promise.all(Array.from({ length: 8 }, history));
  await writer.close();
  await expectExact();
  expect((await totals()).some(({ counted }) => counted > 0)).toBe(true);
});
