import { setTimeout as sleep } from "node:timers/promises";
import { OURS } from "../competitors.mjs";
import { withConnection } from "../harness/database.mjs";
import { under } from "../harness/goals.mjs";
import { figureRow } from "../harness/measure.mjs";
import { changeEachTask, createWatchedTasks, deleteWatchedTasks, until, watchTasks } from "../harness/watchers.mjs";
import { measureWriters } from "./live-writers.mjs";

/** @import { Bench, RunningServer, Workload } from "../types.ts" */

const TASKS = 100;
const WATCHERS = 1_000;
const STREAMS = 5_000;
/** Less than a minute, after which unchanged tasks are read again. */
const QUIET_S = 20;
const CHANGES = 5;
const ENVIRONMENT = { LIVE_STREAMS: String(STREAMS), LIVE_STREAMS_PER_USER: String(STREAMS) };

/** @type {Workload} */
export const live = {
  name: "live",
  title: `${WATCHERS} watchers of ${TASKS} tasks: the load while nothing changes, the delay of a change, the cost for writers, the memory of a stream`,
  isOnRequest: true,
  async run(bench) {
    return withConnection(bench.url, async (sql) => {
      const server = await bench.start(OURS, ENVIRONMENT);
      try {
        const tasks = await createWatchedTasks(sql, TASKS);
        const open = (count) => watchTasks(bench, server, { tasks, count });
        const watchers = await open(WATCHERS);
        await sleep(3000);
        const quiet = await loadOf(bench, server);
        const delays = [];
        for (let round = 0; round < CHANGES; round += 1) delays.push(await delayOfChange(sql, watchers));
        const many = await open(STREAMS - WATCHERS);
        await sleep(3000);
        const resident = server.residentMb();
        for (const { request } of [...watchers, ...many]) request.destroy();
        // The writers come last, because the server also reads again what has changed in the last minute.
        const writers = await measureWriters(bench, sql, () => open(WATCHERS));
        const share = (part) => ({ unit: "% of a core", values: [quiet[part]] });
        const database = figureRow("PostgreSQL while nothing changes", share("database"));
        database.goals.push(under(quiet.database, 2, "under 2 %"));
        const delay = figureRow("a change of all tasks at all watchers", { unit: "s", values: delays });
        delay.goals.push(under(Math.max(...delays), 1.5, "under 1.5 s"));
        const own = figureRow("this server while nothing changes", share("server"));
        const memory = figureRow(`the whole process with ${STREAMS} streams, per stream`, {
          unit: "KB",
          values: [(resident * 1024) / STREAMS],
        });
        return {
          rows: [database, own, delay, memory, ...writers],
          notices: ["the writers, the server and all watchers share the cores"],
        };
      } finally {
        await server.stop();
        await deleteWatchedTasks(sql);
      }
    });
  },
};

/**
 * The CPU time while nothing changes, in percent of a core.
 * @param {Bench} bench
 * @param {RunningServer} server
 */
async function loadOf({ database }, server) {
  const before = { database: database.cpuMs(), server: server.cpuMs() };
  await sleep(QUIET_S * 1000);
  const percentOf = (ms) => ms / (QUIET_S * 10);
  return {
    database: percentOf(database.cpuMs() - before.database),
    server: percentOf(server.cpuMs() - before.server),
  };
}

/**
 * The seconds from the commit until the last watcher has received its event.
 * @param {import("postgres").Sql} sql
 * @param {readonly import("../harness/watchers.mjs").Watcher[]} watchers
 */
async function delayOfChange(sql, watchers) {
  await sleep(Math.random() * 1000);
  for (const watcher of watchers) watcher.received = 0;
  await changeEachTask(sql);
  const committedAt = performance.now();
  await until(() => watchers.every(({ received }) => received > 0));
  return (Math.max(...watchers.map(({ at }) => at)) - committedAt) / 1000;
}
