import { once } from "node:events";
import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { DATA } from "../harness/data.mjs";
import { withConnection } from "../harness/database.mjs";
import { under } from "../harness/goals.mjs";
import { statOf } from "../harness/statistics.mjs";
import { OURS } from "../opponents.mjs";

const SOURCE = "bench live";
const TASKS = 100;
const JOBS_PER_TASK = 300;
const WATCHERS = 1_000;
const IDLE_CONNECTIONS = 4_000;
/** Less than a minute, after which unchanged tasks are read again. */
const QUIET_S = 20;
const CHANGES = 5;
const ENVIRONMENT = { LIVE_STREAMS: "4000", LIVE_STREAMS_PER_USER: "4000" };
const SUBSCRIPTION = "subscription ($id: UUID!) { taskProgress(taskId: $id) { total completed percent } }";

export const live = {
  name: "live",
  title: `${WATCHERS} watchers of ${TASKS} tasks: the load while nothing changes, the delay of a change, the memory of a stream`,
  isOnRequest: true,
  async run(bench) {
    return withConnection(bench.url, async (sql) => {
      const server = await bench.start(OURS, ENVIRONMENT);
      try {
        const tasks = await createTasks(sql);
        const watchers = await watchTasks(bench, server, { tasks, count: WATCHERS });
        await sleep(3000);
        const quiet = await loadOf(bench, server);
        const delays = [];
        for (let round = 0; round < CHANGES; round += 1) delays.push(await delayOfChange(sql, watchers));
        const many = await watchTasks(bench, server, { tasks, count: IDLE_CONNECTIONS - WATCHERS });
        await sleep(3000);
        const memory = (server.residentMb() * 1024) / IDLE_CONNECTIONS;
        for (const { request } of [...watchers, ...many]) request.destroy();
        const row = (name, unit, measured, goals = []) => ({ name, unit, measured: statOf(measured), goals });
        return {
          rows: [
            row("PostgreSQL while nothing changes", "% of a core", [quiet.database], [under(quiet.database, 2, "2 %")]),
            row("this server while nothing changes", "% of a core", [quiet.server]),
            row("a change of all tasks at all watchers", "s", delays, [under(Math.max(...delays), 1.5, "1.5 s")]),
            row(`the whole process with ${IDLE_CONNECTIONS} streams, per stream`, "KB", [memory]),
          ],
        };
      } finally {
        await server.stop();
        await sql`delete from tasks where source = ${SOURCE}`;
      }
    });
  },
};

async function createTasks(sql) {
  const tasks = await sql`
    insert into tasks (user_id, source) select ${DATA.userId}, ${SOURCE} from generate_series(1, ${TASKS}) returning id`;
  await sql`
    insert into task_email_jobs (task_id, email_address, updated_at)
    select id, 'user' || number || '@example.com', now() - interval '1 hour' from tasks, generate_series(1, ${JOBS_PER_TASK}) number
    where source = ${SOURCE}`;
  await sql`analyze task_email_jobs`;
  return tasks.map(({ id }) => id);
}

async function watchTasks(bench, server, { tasks, count }) {
  const watchers = [];
  for (let index = 0; index < count; index += 1) {
    const watcher = { received: 0, at: 0, request: open(bench, server, tasks[index % tasks.length]) };
    const [response] = await once(watcher.request, "response");
    if (response.statusCode !== 200) throw new Error(`a stream was answered with ${response.statusCode}`);
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

function open(bench, server, id) {
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

async function loadOf({ database }, server) {
  const before = { database: database.cpuMs(), server: server.cpuMs() };
  await sleep(QUIET_S * 1000);
  const percentOf = (ms) => ms / (QUIET_S * 10);
  return {
    database: percentOf(database.cpuMs() - before.database),
    server: percentOf(server.cpuMs() - before.server),
  };
}

/** The seconds from the commit until the last watcher has received its event. */
async function delayOfChange(sql, watchers) {
  await sleep(Math.random() * 1000);
  for (const watcher of watchers) watcher.received = 0;
  await sql`
    update task_email_jobs set status = 'completed', updated_at = now()
    where id in (select distinct on (task_id) job.id from task_email_jobs job join tasks task on task.id = task_id
      where source = ${SOURCE} and status = 'pending' order by task_id, job.id)`;
  const committedAt = performance.now();
  await until(() => watchers.every(({ received }) => received > 0));
  return (Math.max(...watchers.map(({ at }) => at)) - committedAt) / 1000;
}

async function until(isTrue) {
  for (let waited = 0; !isTrue(); waited += 5) {
    if (waited > 30_000) throw new Error("not all watchers received an event");
    await sleep(5);
  }
}
