import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applyMigrations } from "../../src/db/migrate.ts";
import { aJob, anEmail, aTask } from "../support/builders.ts";
import { createOldDatabase } from "../support/old-database.ts";

const LATEST = "9999-12-31 23:59:59.999999+00";
const EARLIEST = "0001-01-01 00:00:00+00";
const BAD = ["infinity", "-infinity", "10000-01-01T00:00:00Z", "0044-03-15T12:00:00Z BC"];

let database: Awaited<ReturnType<typeof createOldDatabase>>;
const old = { taskId: "", jobIds: [] as string[], emailIds: [] as string[] };

beforeAll(async () => {
  database = await createOldDatabase(4);
  const { sql } = database;
  old.taskId = await aTask(sql, { created_at: "infinity", updated_at: "-infinity" });
  for (const moment of BAD) {
    old.jobIds.push(await aJob(sql, { task_id: old.taskId, created_at: moment, updated_at: moment }));
  }
  for (const moment of BAD) {
    old.emailIds.push(await anEmail(sql, { validated_at: moment, created_at: moment, updated_at: moment }));
  }
  old.emailIds.push(await anEmail(sql, { validated_at: null, created_at: "infinity" }));
  await applyMigrations(database.url);
});
afterAll(() => database.close());

test("the migration moves timestamps of existing jobs and tasks to the nearest ones that RFC 3339 expresses", async () => {
  const { sql } = database;
  const jobs = await sql`
    select created_at::text as created, updated_at::text as updated from task_email_jobs order by array_position(${`{${old.jobIds.join(",")}}`}::uuid[], id)`;
  const expected = [LATEST, EARLIEST, LATEST, EARLIEST];
  expect(jobs.map(({ created }) => created)).toEqual(expected);
  expect(jobs.map(({ updated }) => updated)).toEqual(expected);
  const [task] = await sql`select created_at::text as created, updated_at::text as updated from tasks`;
  expect(task).toEqual({ created: LATEST, updated: EARLIEST });
});

test("a worker can update the status of a job that had such timestamps before the migration", async () => {
  const updated = await database.sql`update task_email_jobs set status = 'completed' returning id`;
  expect(updated).toHaveLength(BAD.length);
});

test("the migration moves timestamps of existing email records likewise, and keeps null", async () => {
  const rows = await database.sql`
    select validated_at::text as validated, created_at::text as created, updated_at::text as updated
    from emails order by array_position(${`{${old.emailIds.join(",")}}`}::uuid[], id)`;
  const expected = [LATEST, EARLIEST, LATEST, EARLIEST];
  expect(rows.map(({ validated }) => validated)).toEqual([...expected, null]);
  expect(rows.map(({ created }) => created)).toEqual([...expected, LATEST]);
  expect(rows.slice(0, -1).map(({ updated }) => updated)).toEqual(expected);
});

test("a worker can update any column of an email record that had such timestamps before the migration", async () => {
  const updated = await database.sql`update emails set host_name = 'mx.example.com' returning id`;
  expect(updated).toHaveLength(old.emailIds.length);
});

describe("after the migration", () => {
  const columns: [string, string][] = [
    ["tasks", "created_at"],
    ["tasks", "updated_at"],
    ["task_email_jobs", "created_at"],
    ["task_email_jobs", "updated_at"],
    ["emails", "validated_at"],
    ["emails", "created_at"],
    ["emails", "updated_at"],
  ];

  test.each(columns)("%s.%s refuses a timestamp outside the years 1 to 9999", async (table, column) => {
    const { sql } = database;
    const insert = (moment: string) => {
      if (table === "tasks") return aTask(sql, { [column]: moment });
      if (table === "emails") return anEmail(sql, { [column]: moment });
      return aJob(sql, { task_id: old.taskId, [column]: moment });
    };
    for (const moment of BAD) {
      await expect(insert(moment)).rejects.toMatchObject({
        code: "23514",
        constraint_name: `${table}_timestamps_are_rfc3339`,
      });
    }
    for (const moment of [EARLIEST, LATEST]) await insert(moment);
  });
});
