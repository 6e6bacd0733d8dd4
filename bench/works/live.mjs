import { setTimeout as sleep } from "node:timers/promises";
import { withConnection } from "../harness/database.mjs";
import { under } from "../harness/goals.mjs";
import { statOf } from "../harness/statistics.mjs";
import { changeEachTask, createWatchedTasks, deleteWatchedTasks, until, watchTasks } from "../harness/watchers.mjs";
import { OURS } from "../opponents.mjs";
import { measureWriters } from "./live-writers.mjs";

const TASKS = 100;
const WATCHERS = 1_000;
const STREAMS = 5_000;
/** Less than a minute, after which unchanged tasks are read again. */
const QUIET_S = 20;
const CHANGES = 5;
const ENVIRONMENT = { LIVE_STREAMS: String(STREAMS), LIVE_STREAMS_PER_USER: String(STREAMS) };

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
        // At last, because the statement also looks at the jobs that changed in the last minute.
        const writers = await measureWriters(bench, sql, () => open(WATCHERS));
        const row = (name, unit, measured, goals = []) => ({ name, unit, measured: statOf(measured), goals });
        return {
          rows: [
            row("PostgreSQL while nothing changes", "% of a core", [quiet.database], [under(quiet.database, 2, "2 %")]),
            row("this server while nothing changes", "% of a core", [quiet.server]),
            row("a change of all tasks at all watchers", "s", delays, [under(Math.max(...delays), 1.5, "1.5 s")]),
            row(`the whole process with ${STREAMS} streams, per stream`, "KB", [(resident * 1024) / STREAMS]),
            ...writers.rows,
          ],
          notices: writers.notices,
        };
      } finally {
        await server.stop();
        await deleteWatchedTasks(sql);
      }
    });
  },
};

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
  await changeEachTask(sql);
  const committedAt = performance.now();
  await until(() => watchers.every(({ received }) => received > 0));
  return (Math.max(...watchers.map(({ at }) => at)) - committedAt) / 1000;
}
