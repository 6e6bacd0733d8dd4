import { BASELINE, OURS } from "../competitors.mjs";
import { DATA } from "../harness/data.mjs";
import { withConnection } from "../harness/database.mjs";
import { limitRatio } from "../harness/goals.mjs";
import { runLoad } from "../harness/load.mjs";
import { measureInRounds, partsOf, rowOf, startCpuMeasurement } from "../harness/measure.mjs";
import { restPage, send } from "../harness/requests.mjs";
import { statOf } from "../harness/statistics.mjs";

/** @import { Bench, RunningServer, Workload } from "../types.ts" */

const NEAR = 400_000;
/** A prime number, so that no jump reaches the page next to an earlier one. */
const STEP = 619;
const JUMPS = 20;
const QUICK_JUMPS = 5;
const WARM_UP_SECONDS = 3;

/** @type {Workload} */
export const deepJump = {
  name: "deep-jump",
  title: "A cold jump to an offset near 400,000 of 500,000, against the naive OFFSET",
  async run(bench) {
    const servers = [];
    try {
      for (const competitor of [BASELINE, OURS]) {
        const server = { name: competitor.name, ...(await bench.start(competitor)) };
        servers.push(server);
        const warmUp = restPage(bench, DATA.pageTaskId, { limit: 100 });
        await runLoad(server.origin, warmUp, { seconds: WARM_UP_SECONDS });
      }
      const [naive, ours] = await measureInRounds(bench, servers, (server, round) => jump(bench, server, round));
      const comparison = { reference: naive.samples, against: "naive OFFSET" };
      const rows = [naive, ours].map(({ item, samples }) => rowOf(item.name, samples, comparison));
      limitRatio(rows[1], 0.6);
      return { rows };
    } finally {
      for (const server of servers) await server.stop();
    }
  },
};

/**
 * @param {Bench} bench
 * @param {RunningServer} server
 * @param {number} round
 */
async function jump(bench, server, round) {
  const jumps = bench.options.quick ? QUICK_JUMPS : JUMPS;
  const samples = [];
  const elapsedMs = [];
  for (let index = 0; index < jumps; index++) {
    await forgetBookmarks(bench);
    const offset = NEAR + STEP * (round * jumps + index);
    const cpuPer = startCpuMeasurement(partsOf(bench, server));
    const startedAt = performance.now();
    await send(server, restPage(bench, DATA.largeTaskId, { limit: 100, offset }));
    elapsedMs.push(performance.now() - startedAt);
    samples.push(cpuPer(1));
  }
  const mean = (figure) => samples.reduce((sum, sample) => sum + sample[figure], 0) / samples.length;
  const elapsed = statOf(elapsedMs);
  return {
    ...{ nodeMs: mean("nodeMs"), postgresMs: mean("postgresMs"), totalMs: mean("totalMs") },
    ...{ p50Ms: elapsed.median, p99Ms: elapsed.max },
  };
}

/**
 * Inserts and deletes a job at the end of the task, which invalidates all bookmarks of the server. Otherwise every jump but the
 * first would start at an earlier one.
 */
async function forgetBookmarks(bench) {
  await withConnection(bench.url, async (sql) => {
    const [job] = await sql`
      insert into task_email_jobs (task_id, email_address, created_at)
      values (${DATA.largeTaskId}, 'passing@example.com', '2000-01-01Z') returning id`;
    await sql`delete from task_email_jobs where id = ${job.id}`;
  });
}
