import { expect, test } from "vitest";
import { simulateResult } from "../../src/simulation/simulated-result.ts";
import { simulationQueries } from "../../src/simulation/simulation.queries.ts";
import { aJob, aTask } from "../support/builders.ts";
import { tablesWithoutTaskId } from "../support/task-shards.ts";
import { sharedTestDatabase } from "../support/test-database.ts";

const { sql } = await sharedTestDatabase();

async function aTaskWithJobs(jobs: number) {
  const taskId = await aTask(sql);
  for (let n = 0; n < jobs; n++) await aJob(sql, { task_id: taskId, email_address: `user${n}@example.com` });
  return { taskId, queries: simulationQueries(sql, taskId) };
}

const resultOf = (address: string) => {
  const result = simulateResult(address);
  if (result === null) throw new Error("choose an address whose job does not fail");
  return result;
};

const statusOf = async (id: string) => (await sql`select status from task_email_jobs where id = ${id}`)[0]?.status;

test("every statement of the simulated verifier names the task in each select, so that Citus runs it on one shard", async () => {
  await sql`create extension if not exists pg_stat_statements`;
  await sql`select pg_stat_statements_reset(0, (select oid from pg_database where datname = current_database()))`;
  const { queries } = await aTaskWithJobs(1);
  await queries.taskExists();
  await queries.countUnfinished();
  const [job] = await queries.claimPending(1);
  const id = job?.id ?? "";
  await queries.release([id]);
  await queries.claimPending(1);
  await queries.releaseAbandoned(10);
  const result = resultOf("ada@example.com");
  await queries.saveResults([result]);
  await queries.finish([{ id, emailId: result.id }]);
  await queries.restart();
  const sent = await sql<{ query: string }[]>`
    select query from pg_stat_statements where dbid = (select oid from pg_database where datname = current_database())
      and query ~ 'public\.(tasks|task_email_jobs)'`;
  expect(sent).toHaveLength(7);
  expect(sent.filter(({ query }) => tablesWithoutTaskId(query).length > 0)).toEqual([]);
});

test("a job in processing is abandoned only after the given time", async () => {
  const { taskId, queries } = await aTaskWithJobs(0);
  const updated = (seconds: number) => sql`now() - make_interval(secs => ${seconds})`;
  const [old, young] = [
    await aJob(sql, { task_id: taskId, status: "processing" }),
    await aJob(sql, { task_id: taskId, status: "processing" }),
  ];
  await sql`update task_email_jobs set updated_at = ${updated(11)} where id = ${old}`;
  await sql`update task_email_jobs set updated_at = ${updated(2)} where id = ${young}`;
  expect(await queries.releaseAbandoned(10)).toBe(1);
  expect([await statusOf(old), await statusOf(young)]).toEqual(["pending", "processing"]);
});

test("a job that was set to pending meanwhile is not finished", async () => {
  const { queries } = await aTaskWithJobs(2);
  const jobs = await queries.claimPending(10);
  await queries.restart();
  expect(await queries.finish(jobs.map(({ id }) => ({ id, emailId: null })))).toEqual({ completed: 0, failed: 0 });
  expect(await queries.countUnfinished()).toBe(2);
});

test("a verifier passes over the job that another verifier is claiming", async () => {
  const { taskId, queries } = await aTaskWithJobs(3);
  await sql.begin(async (tx) => {
    const [locked] = await tx`select id from task_email_jobs where task_id = ${taskId} limit 1 for update`;
    const claimed = await queries.claimPending(3);
    expect(claimed).toHaveLength(2);
    expect(claimed.map(({ id }) => id)).not.toContain(locked?.id);
  });
});

test("an address with two jobs gets one record, and a later run updates a deleted record", async () => {
  const { queries } = await aTaskWithJobs(0);
  const result = resultOf("ada@example.com");
  const records = () => sql`select email, deleted_at, validated_at from emails where id = ${result.id}`;
  await queries.saveResults([result, { ...result }]);
  await sql`update emails set deleted_at = now(), validated_at = '2025-01-01' where id = ${result.id}`;
  await queries.saveResults([result]);
  expect(await records()).toEqual([
    { email: "ada@example.com", deleted_at: null, validated_at: expect.not.stringMatching("2025-01-01") },
  ]);
});

test("a verifier claims the newest pending jobs first, with which pages begin", async () => {
  const { taskId, queries } = await aTaskWithJobs(0);
  const created = (day: string) => aJob(sql, { task_id: taskId, created_at: `2025-01-${day}T00:00:00Z` });
  const [, newest] = [await created("01"), await created("03"), await created("02")];
  expect((await queries.claimPending(1)).map(({ id }) => id)).toEqual([newest]);
});
