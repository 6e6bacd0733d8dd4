import { once } from "node:events";
import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { DATA } from "./data.mjs";

/** @import { Bench, RunningServer } from "../types.ts" */

const SOURCE = "bench live";
const JOBS_PER_TASK = 300;
const SUBSCRIPTION = "subscription ($id: UUID!) { taskProgress(taskId: $id) { total completed percent } }";

/** Resolves to the ids of the new tasks. */
export async function createWatchedTasks(sql, count) {
  const tasks = await sql`
    insert into tasks (user_id, source) select ${DATA.userId}, ${SOURCE} from generate_series(1, ${count}) returning id`;
  await sql`
    insert into task_email_jobs (task_id, email_address, updated_at)
    select id, 'user' || number || '@example.com', now() - interval '1 hour' from tasks, generate_series(1, ${JOBS_PER_TASK}) number
    where source = ${SOURCE}`;
  await sql`analyze task_email_jobs`;
  return tasks.map(({ id }) => id);
}

/** @typedef {{ received: number, at: number, request: http.ClientRequest }} Watcher */

/**
 * Opens one stream after another, and resolves when each has received the first progress.
 * @param {Bench} bench
 * @param {RunningServer} server
 * @param {{ tasks: readonly string[], count: number }} options
 */
export async function watchTasks(bench, server, { tasks, count }) {
  /** @type {Watcher[]} */
  const watchers = [];
  for (let index = 0; index < count; index += 1) {
    const watcher = { received: 0, at: 0, request: openStream(bench, server, tasks[index % tasks.length]) };
    const [response] = await once(watcher.request, "response");
    if (response.statusCode !== 200) throw new Error(`a stream was refused with status ${response.statusCode}`);
    response.setEncoding("utf8").on("data", (text) => {
      if (!text.includes("event: next")) return;
      watcher.received += 1;
      watcher.at = performance.now();
    });
    response.on("error", () => {});
    watchers.push(watcher);
  }
  await until(() => watchers.every(({ received }) => received > 0));
  return watchers;
}

function openStream(bench, server, id) {
  const request = http.request(`${server.origin}/graphql`, {
    method: "POST",
    agent: false,
    headers: {
      Authorization: `Bearer ${bench.apiKey}`,
      Accept: "text/event-stream",
      "Content-Type": "application/json",
    },
  });
  request.on("error", () => {});
  request.end(JSON.stringify({ query: SUBSCRIPTION, variables: { id } }));
  return request;
}

/** @param {import("postgres").Sql} sql */
export const deleteWatchedTasks = (sql) => sql`delete from tasks where source = ${SOURCE}`;

/** Completes one job of each task in one transaction. */
export async function changeEachTask(sql) {
  await sql`
    update task_email_jobs set status = 'completed', updated_at = now()
    where id in (select distinct on (task_id) job.id from task_email_jobs job join tasks task on task.id = task_id
      where source = ${SOURCE} and status <> 'completed' order by task_id, job.id)`;
}

/** The ids of all jobs of the watched tasks. */
export async function watchedJobs(sql) {
  const rows = await sql`
    select job.id from task_email_jobs job join tasks task on task.id = task_id where source = ${SOURCE} order by job.id`;
  return rows.map(({ id }) => id);
}

export async function until(isTrue) {
  for (let waited = 0; !isTrue(); waited += 5) {
    if (waited > 30_000) throw new Error("not all watchers received an event");
    await sleep(5);
  }
}
