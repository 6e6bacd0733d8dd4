import { afterAll, expect, test } from "vitest";
import { openDatabase } from "../../src/db/client.ts";
import { describeDatabaseFault } from "../../src/db/faults.ts";
import { deleteAddress, findAddress } from "../../src/deletion/delete-address.ts";
import { deleteTask } from "../../src/deletion/delete-task.ts";
import { importBatch } from "../../src/import/import-batch.ts";
import { finishJobs } from "../../src/simulation/simulate-verifier.ts";
import { simulationQueries } from "../../src/simulation/simulation.queries.ts";
import { uuidArray } from "../../src/values/array-literal.ts";
import { aJob, anEmail, aTask } from "../support/builders.ts";
import { sharedTestDatabase } from "../support/test-database.ts";
import { waitingStatements } from "../support/waiting-statements.ts";

const { sql, db, url } = await sharedTestDatabase();
const other = openDatabase({ url, maxConnections: 1 });
afterAll(() => other.close());

const { signal } = new AbortController();
const waiting = { signal, onWait() {} };

/** Deletes the task like the command, and returns what was deleted. */
async function taskDeletion(taskId: string, database = db) {
  const deleted = { jobs: 0, records: 0 };
  await deleteTask(database, { ...waiting, taskId, deleted, onProgress() {} });
  return deleted;
}

async function addressDeletion(address: string, database = db) {
  const deleted = { tasks: 0, jobs: 0, records: 0 };
  await deleteAddress(database, { ...waiting, rows: await findAddress(database, address), deleted });
  return deleted;
}

async function aStatementWaits(): Promise<void> {
  await expect.poll(() => waitingStatements(sql), { interval: 10 }).toBeGreaterThan(0);
}

async function isThere(id: string): Promise<boolean> {
  const found = await sql`select from tasks where id = ${id} union all select from emails where id = ${id}`;
  return found.length > 0;
}

/** Inserts jobs whose order is not that of their records, all with one address. */
async function shuffledJobs(taskId: string, jobs: number): Promise<void> {
  await sql`
    with record as (
      insert into emails (email, status) select 'same@example.com', 'valid' from generate_series(1, ${jobs}) n returning id
    )
    insert into task_email_jobs (task_id, email_id, email_address, status)
    select ${taskId}, id, 'same@example.com', 'completed' from record order by random()`;
}

test("two deletions of one task, and the deletion of an address in it, end together without an error", async () => {
  const taskId = await aTask(sql);
  await shuffledJobs(taskId, 5000);
  const [first, second, address] = await Promise.all([
    taskDeletion(taskId),
    taskDeletion(taskId, other.db),
    addressDeletion("same@example.com"),
  ]);
  expect(first.jobs + second.jobs + address.jobs).toBe(5000);
  expect(first.records + second.records + address.records).toBe(5000);
  expect(await isThere(taskId)).toBe(false);
});

test("a deletion gives way to a transaction that locks the same rows in the other order", async () => {
  const taskId = await aTask(sql);
  const record = await anEmail(sql);
  const job = await aJob(sql, { task_id: taskId, email_id: record });
  const address = "order@example.com";
  const found = await anEmail(sql, { email: address });
  const referring = await aJob(sql, { task_id: await aTask(sql), email_id: found, email_address: "x@example.com" });
  const deletions = await other.sql.begin(async (worker) => {
    await worker`update emails set status = 'unknown' where id = ${record}`;
    await worker`update task_email_jobs set updated_at = now() where id = ${referring}`;
    const running = Promise.all([taskDeletion(taskId), addressDeletion(address)]);
    await expect.poll(() => waitingStatements(sql), { interval: 10 }).toBe(2);
    await worker`update task_email_jobs set updated_at = now() where id = ${job}`;
    await worker`update emails set status = 'unknown' where id = ${found}`;
    return { running };
  });
  expect(await deletions.running).toEqual([
    { jobs: 1, records: 1 },
    { tasks: 0, jobs: 0, records: 1 },
  ]);
});

/** Deletes a task while another program inserts a job of the task `jobOf`, which refers to the record. */
async function deletionBesideInsert({ taskId, jobOf, record }: Record<"taskId" | "jobOf" | "record", string>) {
  const deletion = await other.sql.begin(async (inserting) => {
    await inserting`insert into task_email_jobs (task_id, email_id, email_address) values (${jobOf}, ${record}, 'a@example.com')`;
    const running = taskDeletion(taskId);
    await aStatementWaits();
    return { running };
  });
  return await deletion.running;
}

test("a record stays if another job refers to it at the moment of the deletion", async () => {
  const [taskId, kept] = [await aTask(sql), await aTask(sql)];
  const record = await anEmail(sql);
  await aJob(sql, { task_id: taskId, email_id: record });
  expect(await deletionBesideInsert({ taskId, jobOf: kept, record })).toEqual({ jobs: 1, records: 0 });
  expect([...(await sql`select email_id from task_email_jobs where task_id = ${kept}`)]).toEqual([
    { email_id: record },
  ]);
});

test("a job that a worker adds during the deletion of its task is deleted with its record", async () => {
  const taskId = await aTask(sql);
  const record = await anEmail(sql);
  expect(await deletionBesideInsert({ taskId, jobOf: taskId, record })).toEqual({ jobs: 1, records: 1 });
  expect([await isThere(taskId), await isThere(record)]).toEqual([false, false]);
});

test("an import inserts a record again that a deletion removes while the import reuses it", async () => {
  const record = await anEmail(sql, { email: "ada@example.com" });
  const text = `id,email,status\n${record},ada@example.com,valid\n`;
  async function* input() {
    yield Buffer.from(text);
  }
  const importing = await other.sql.begin(async (deletion) => {
    await deletion`lock table task_email_jobs in share row exclusive mode`;
    const running = importBatch(sql, { input: input(), fileName: "-", userId: null, onBadRow: "stop" });
    await aStatementWaits();
    await deletion`delete from emails where id = ${record}`;
    return { running };
  });
  expect(await importing.running).toMatchObject({ jobs: 1, emails: 1, reusedEmails: 0 });
  expect(await isThere(record)).toBe(true);
});

test("a verifier saves a result again that a deletion removes before the job refers to it", async () => {
  const address = "user0@example.com";
  const taskId = await aTask(sql);
  const id = await aJob(sql, { task_id: taskId, email_address: address, status: "processing" });
  const queries = simulationQueries(sql, taskId);
  let deletions = 0;
  const saveResults: typeof queries.saveResults = async (results) => {
    await queries.saveResults(results);
    if (deletions++ === 0)
      await sql`delete from emails where id = any(${uuidArray(results.map((result) => result.id))})`;
  };
  expect(await finishJobs({ ...queries, saveResults }, [{ id, address }])).toEqual({ completed: 1, failed: 0 });
});

test.each(["40P01", "55P03", "40001"])("the message of a command says that error %s is temporary", (code) => {
  const message = describeDatabaseFault({ code }, "the database");
  expect(message).toContain("Another program changed the same rows at the same time. Run the command again.");
});
