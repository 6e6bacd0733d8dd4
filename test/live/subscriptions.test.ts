import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { aJob, aTask } from "../support/builders.ts";
import { CHANGES, PROGRESS, subscriber, TRANSPORTS } from "../support/event-reader.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer({ liveTimes: { lookEveryMs: 150, checkEveryMs: 100 } });
const { sql } = server;
const { subscribe: subscribeBySse, by } = subscriber();

test("the headers of a stream prevent proxies from storing, changing and delaying it", async () => {
  const user = await server.as();
  const id = await aTask(sql, { user_id: user.userId });
  await aJob(sql, { task_id: id, status: "completed" });
  const { response, reader } = await subscribeBySse(user, PROGRESS, { id });
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  expect(response.headers.get("cache-control")).toBe("private, no-cache, no-transform");
  expect(response.headers.get("x-accel-buffering")).toBe("no");
  await reader.result();
  expect(await reader.next()).toMatchObject({ event: "complete", data: "" });
  expect(await reader.next()).toMatchObject({ event: "end" });
});

describe.each(TRANSPORTS)("subscriptions by %s", (transport) => {
  const subscribe = by(transport);

  test("progress comes at the start, after each change, and completes with the task", async () => {
    const user = await server.as();
    const id = await aTask(sql, { user_id: user.userId });
    const jobs = [await aJob(sql, { task_id: id }), await aJob(sql, { task_id: id })];
    const { reader } = await subscribe(user, PROGRESS, { id });
    expect((await reader.result()).data.taskProgress).toEqual({
      total: 2,
      pending: 2,
      completed: 0,
      isComplete: false,
    });
    await sql`update task_email_jobs set status = 'completed', updated_at = now() where id = ${jobs[0] as string}`;
    expect((await reader.result()).data.taskProgress).toMatchObject({ pending: 1, completed: 1 });
    await sql`update task_email_jobs set status = 'completed', updated_at = now() where id = ${jobs[1] as string}`;
    expect((await reader.result()).data.taskProgress).toMatchObject({ pending: 0, completed: 2, isComplete: true });
    expect(await reader.next()).toMatchObject({ event: "complete", data: "" });
  });

  test("a deleted job, a restored job and a change that leaves updated_at as it was are reported", async () => {
    const user = await server.as();
    const id = await aTask(sql, { user_id: user.userId });
    const [job = ""] = [await aJob(sql, { task_id: id }), await aJob(sql, { task_id: id })];
    const { reader } = await subscribe(user, PROGRESS, { id });
    await reader.result();
    await sql`update task_email_jobs set deleted_at = now() where id = ${job}`;
    expect((await reader.result()).data.taskProgress.total).toBe(1);
    await sql`update task_email_jobs set deleted_at = null where id = ${job}`;
    expect((await reader.result()).data.taskProgress.total).toBe(2);
    await sql`update task_email_jobs set status = 'completed' where id = ${job}`;
    expect((await reader.result()).data.taskProgress.completed).toBe(1);
    await sql`delete from task_email_jobs where id = ${job}`;
    expect((await reader.result()).data.taskProgress.total).toBe(1);
  });

  test("a transaction that starts earlier and commits later is reported, in progress and in changes", async () => {
    const user = await server.as();
    const id = await aTask(sql, { user_id: user.userId });
    const [early = "", late = ""] = [await aJob(sql, { task_id: id }), await aJob(sql, { task_id: id })];
    const progress = await subscribe(user, PROGRESS, { id });
    const changes = await subscribe(user, CHANGES, { id });
    await progress.reader.result();
    await changes.reader.result();
    let cursor = "";
    await sql.begin(async (transaction) => {
      await transaction`update task_email_jobs set status = 'completed', updated_at = now() where task_id = ${id} and id = ${late}`;
      await sql`update task_email_jobs set status = 'processing', updated_at = now() where task_id = ${id} and id = ${early}`;
      expect((await progress.reader.result()).data.taskProgress).toMatchObject({ pending: 1, completed: 0 });
      const page = (await changes.reader.result()).data.taskJobChanges;
      expect(page.nodes).toEqual([{ id: early, statusWord: "processing" }]);
      cursor = page.pageInfo.endCursor;
      await sleep(300);
    });
    expect((await progress.reader.result()).data.taskProgress).toMatchObject({ completed: 1 });
    expect((await changes.reader.result()).data.taskJobChanges.nodes).toEqual([{ id: late, statusWord: "completed" }]);
    const resumed = await subscribe(user, CHANGES, { id, after: cursor });
    const { nodes } = (await resumed.reader.result()).data.taskJobChanges;
    expect(nodes).toContainEqual({ id: late, statusWord: "completed" });
  });

  test("changes come in pages and in order, and a reader who resumes misses none", async () => {
    const user = await server.as();
    const id = await aTask(sql, { user_id: user.userId });
    const jobs: string[] = [];
    for (let index = 0; index < 5; index += 1) jobs.push(await aJob(sql, { task_id: id }));
    const first = await subscribe(user, CHANGES, { id, first: 2 });
    const page = (await first.reader.result()).data.taskJobChanges;
    expect([page.nodes.map((node: { id: string }) => node.id), page.pageInfo.hasNextPage]).toEqual([
      jobs.slice(0, 2),
      true,
    ]);
    await first.reader.close();
    await sql`update task_email_jobs set status = 'failed', updated_at = ${new Date().toISOString()} where id = ${jobs[0] as string}`;
    const second = await subscribe(user, CHANGES, { id, first: 2, after: page.pageInfo.endCursor });
    const found: string[] = [];
    while (!found.includes("0 failed")) {
      const { nodes } = (await second.reader.result()).data.taskJobChanges;
      found.push(
        ...nodes.map((node: { id: string; statusWord: string }) => `${jobs.indexOf(node.id)} ${node.statusWord}`),
      );
    }
    // A reader who resumes may receive the last change before the cursor again.
    const later = found.filter((change) => change !== "1 pending");
    expect(later).toEqual(["2 pending", "3 pending", "4 pending", "0 failed"]);
  });
});
