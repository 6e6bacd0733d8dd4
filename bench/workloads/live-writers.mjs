import { DATA } from "../harness/data.mjs";
import { connect } from "../harness/database.mjs";
import { figureRow, measureInRounds } from "../harness/measure.mjs";
import { ratioOf, statOf } from "../harness/statistics.mjs";
import { watchedJobs } from "../harness/watchers.mjs";

/** @import { Bench, Row } from "../types.ts" */
/** @typedef {{ perSecond: number, p50Ms: number, p99Ms: number }} Speed */

const WRITERS = 8;
const SECONDS = 4;

/**
 * Measures eight writers that commit each update durably, with and without watchers, to the watched tasks and to another
 * task. The writers share the cores with the server and the watchers.
 * @param {Bench} bench
 * @param {import("postgres").Sql} sql
 * @param {() => Promise<readonly import("../harness/watchers.mjs").Watcher[]>} openWatchers
 * @returns {Promise<Row[]>}
 */
export async function measureWriters(bench, sql, openWatchers) {
  const watchedIds = await watchedJobs(sql);
  const otherJobs = await sql`
    select id from task_email_jobs where task_id = ${DATA.largeTaskId} order by id limit ${watchedIds.length}`;
  const otherIds = otherJobs.map(({ id }) => id);
  const writers = connect(bench.url, { max: WRITERS });
  const sides = [
    { name: `${WRITERS} writers without watchers`, open: async () => [] },
    { name: `${WRITERS} writers with watchers`, open: openWatchers },
  ];
  try {
    const [without, withWatchers] = await measureInRounds(bench, sides, async ({ open }) => {
      await sql`checkpoint`;
      const watchers = await open();
      const other = await writeFor(writers, otherIds);
      const watched = await writeFor(writers, watchedIds);
      for (const { request } of watchers) request.destroy();
      return { other, watched };
    });
    const rowsOf = (description, sampleOf) => {
      const reference = without.samples.map(sampleOf);
      const samples = withWatchers.samples.map(sampleOf);
      return [
        speedRow(`${WRITERS} writers, no watchers, ${description}`, reference),
        {
          ...speedRow(`${WRITERS} writers, watchers, ${description}`, samples),
          ratio: ratioOf(samples, reference, "perSecond"),
          against: "no watchers",
        },
      ];
    };
    return [
      ...rowsOf("updates of another task", ({ other }) => other),
      ...rowsOf("updates of the watched tasks", ({ watched }) => watched),
    ];
  } finally {
    await writers.end();
  }
}

/**
 * @param {string} name
 * @param {readonly Speed[]} samples
 * @returns {Row}
 */
function speedRow(name, samples) {
  return {
    ...figureRow(name, { unit: "updates/s", values: samples.map(({ perSecond }) => perSecond) }),
    p50Ms: statOf(samples.map(({ p50Ms }) => p50Ms)),
    p99Ms: statOf(samples.map(({ p99Ms }) => p99Ms)),
  };
}

/**
 * Each writer has its own connection and commits every row.
 * @param {import("postgres").Sql} writers
 * @param {readonly string[]} jobs
 */
async function writeFor(writers, jobs) {
  const until = performance.now() + SECONDS * 1000;
  const latencies = [];
  let next = Math.floor(Math.random() * jobs.length);
  const write = async () => {
    while (performance.now() < until) {
      next = (next + 1) % jobs.length;
      const startedAt = performance.now();
      await writers`update task_email_jobs set status = 'processing', updated_at = now() where id = ${jobs[next]}`;
      latencies.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
  latencies.sort((one, other) => one - other);
  const percentile = (share) => latencies[Math.floor((latencies.length - 1) * share)];
  return { perSecond: latencies.length / SECONDS, p50Ms: percentile(0.5), p99Ms: percentile(0.99) };
}
