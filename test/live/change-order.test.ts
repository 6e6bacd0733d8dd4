import { expect, test } from "vitest";
import { aTask } from "../support/builders.ts";
import { CHANGES, type EventReader, subscriber } from "../support/event-reader.ts";
import { sharedTestServer } from "../support/test-server.ts";

// A batch is all changes that were found at once. Its pages are read one after another while jobs go on changing.

const server = await sharedTestServer({ liveTimes: { lookEveryMs: 150, checkEveryMs: 100 } });
const { sql } = server;
const { open, subscribe } = subscriber();

interface Change {
  readonly id: string;
}

/** A task, and a cursor that has delivered all of its jobs. */
async function taskWithJobs(jobs: number) {
  const user = await server.as();
  const id = await aTask(sql, { user_id: user.userId });
  await sql`
    insert into task_email_jobs (task_id, email_address)
    select ${id}, 'user' || number || '@example.com' from generate_series(1, ${jobs}) number`;
  const rows = await sql<{ id: string }[]>`select id from task_email_jobs where task_id = ${id} order by id`;
  const ids = rows.map((row) => row.id);
  const { reader } = await subscribe(user, CHANGES, { id });
  let read = 0;
  let cursor = "";
  while (read < ids.length) {
    const { nodes, pageInfo } = (await reader.result()).data.taskJobChanges;
    read += nodes.length;
    cursor = pageInfo.endCursor;
  }
  await reader.close();
  return { user, id, ids, cursor };
}

async function readChanges(reader: EventReader, isLast: (change: Change) => boolean) {
  const nodes: Change[] = [];
  let cursor = "";
  while (!nodes.some(isLast)) {
    const page = (await reader.result()).data.taskJobChanges;
    nodes.push(...page.nodes);
    cursor = page.pageInfo.endCursor;
  }
  return { ids: nodes.map(({ id }) => id), cursor };
}

test("a change that commits between two pages of a batch comes before a change that began after it", async () => {
  const { user, id, ids, cursor } = await taskWithJobs(6);
  const [early = "", later = ""] = ids.slice(4);
  let middle = "";
  await sql.begin(async (transaction) => {
    await transaction`update task_email_jobs set status = 'completed', updated_at = now() where id = ${early}`;
    await sql`update task_email_jobs set status = 'processing', updated_at = now() where id in ${sql(ids.slice(0, 4))}`;
    const { reader } = await subscribe(user, CHANGES, { id, first: 2, after: cursor });
    middle = (await readChanges(reader, () => true)).cursor;
    await reader.close();
  });
  await sql`update task_email_jobs set status = 'completed', updated_at = now() where id = ${later}`;
  const { reader } = await subscribe(user, CHANGES, { id, first: 2, after: middle });
  const seen = await readChanges(reader, (change) => change.id === early);
  expect(seen.ids).not.toContain(later);
  expect((await readChanges(reader, (change) => change.id === later)).ids).toContain(later);
});

test("the jobs that complete a task in the middle of a batch are sent before the end of the stream", async () => {
  const { user, id, ids, cursor } = await taskWithJobs(1205);
  await sql`update task_email_jobs set status = 'completed', updated_at = now() where id in ${sql(ids.slice(0, 1200))}`;
  const { reader } = await subscribe(user, CHANGES, { id, first: 2, after: cursor });
  const middle = (await readChanges(reader, () => true)).cursor;
  await reader.close();
  await sql`update task_email_jobs set status = 'failed', updated_at = now() where id in ${sql(ids.slice(1200))}`;
  const events = await open(user, `/api/v1/tasks/${id}/events`, { "Last-Event-ID": middle });
  const delivered = new Map<string, string>();
  for (;;) {
    const { event, data } = await events.reader.next();
    if (event === "complete") break;
    if (event !== "job") continue;
    const job = JSON.parse(data) as { id: string; status: string };
    delivered.set(job.id, job.status);
  }
  expect(ids.slice(1200).map((job) => delivered.get(job))).toEqual(Array.from({ length: 5 }, () => "failed"));
});
