import { DATA } from "../harness/data.mjs";
import { connect } from "../harness/database.mjs";
import { ratioOf, statOf } from "../harness/statistics.mjs";
import { watchedJobs } from "../harness/watchers.mjs";

const WRITERS = 8;
const SECONDS = 4;

/**
 * Measures eight writers that commit each update durably, in interleaved rounds: without watchers, with watchers of other
 * tasks, and with watchers of the tasks that they change. All share the cores with the server and the watchers.
 */
export async function measureWriters(bench, sql, openWatchers) {
  const watched = await watchedJobs(sql);
  const others = await sql`
    select id from task_email_jobs where task_id = ${DATA.largeTaskId} order by id limit ${watched.length}`;
  const otherJobs = others.map(({ id }) => id);
  const writers = connect(bench.url, { max: WRITERS });
  const kinds = new Map();
  const measure = async (name, jobs) => {
    const samples = kinds.get(name) ?? [];
    kinds.set(name, [...samples, await writeFor(writers, jobs)]);
  };
  const names = [
    "no watchers, other tasks",
    "watchers of other tasks",
    "no watchers, the watched tasks",
    "watchers of the tasks",
  ];
  try {
    for (let round = 0; round < bench.options.rounds; round += 1) {
      bench.say(`  round ${round + 1} of ${bench.options.rounds}: ${WRITERS} writers`);
      await sql`checkpoint`;
      const without = async () => {
        await measure(names[0], otherJobs);
        await measure(names[2], watched);
      };
      const withWatchers = async () => {
        const watchers = await openWatchers();
        await measure(names[1], otherJobs);
        await measure(names[3], watched);
        for (const { request } of watchers) request.destroy();
      };
      // Each round begins with the other, so that a slow moment of the machine affects both.
      for (const part of round % 2 === 0 ? [without, withWatchers] : [withWatchers, without]) await part();
    }
  } finally {
    await writers.end();
  }
  const rowOf = (name, reference) => {
    const samples = kinds.get(name);
    return {
      ...{ name: `${WRITERS} writers, ${name}`, unit: "updates/s", goals: [] },
      measured: statOf(samples.map(({ perSecond }) => perSecond)),
      p50Ms: statOf(samples.map(({ p50Ms }) => p50Ms)),
      p99Ms: statOf(samples.map(({ p99Ms }) => p99Ms)),
      ...(reference === undefined
        ? {}
        : { ratio: ratioOf(samples, kinds.get(reference), "perSecond"), against: "no watchers" }),
    };
  };
  return {
    rows: [rowOf(names[0]), rowOf(names[1], names[0]), rowOf(names[2]), rowOf(names[3], names[2])],
    notices: ["the writers, the server and all watchers share the cores"],
  };
}

/** Each writer has its own connection and commits every row. */
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
