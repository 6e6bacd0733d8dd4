import { DATA } from "../harness/data.mjs";
import { withConnection } from "../harness/database.mjs";
import { atMost } from "../harness/goals.mjs";
import { runLoad } from "../harness/load.mjs";
import { measureCpu, rowOf } from "../harness/measure.mjs";
import { restPage, send } from "../harness/requests.mjs";
import { statOf } from "../harness/statistics.mjs";
import { BASELINE, OURS } from "../opponents.mjs";

const NEAR = 400_000;
/** A prime number, so that no jump reaches the page next to an earlier one. */
const STEP = 619;
const JUMPS = 20;
const QUICK_JUMPS = 5;
const WARM_UP_SECONDS = 3;

export const deepJump = {
  name: "deep-jump",
  title: "A cold jump to an offset near 400,000 of 500,000, against the naive OFFSET",
  async run(bench) {
    const servers = new Map();
    const samples = new Map([BASELINE, OURS].map(({ name }) => [name, []]));
    try {
      for (const opponent of [BASELINE, OURS]) {
        servers.set(opponent.name, await bench.start(opponent));
        const warmUp = restPage(bench, DATA.pageTaskId, { limit: 100 });
        await runLoad(servers.get(opponent.name).origin, warmUp, { seconds: WARM_UP_SECONDS });
      }
      for (let round = 0; round < bench.options.rounds; round++) {
        for (const [name, server] of servers) {
          bench.say(`  round ${round + 1} of ${bench.options.rounds}: ${name}`);
          samples.get(name).push(await jump(bench, server, round));
        }
      }
    } finally {
      for (const server of servers.values()) await server.stop();
    }
    const reference = samples.get(BASELINE.name);
    const rows = [...samples].map(([name, own]) => rowOf(name, own, { reference, against: "naive OFFSET" }));
    rows[1].goals.push(atMost(rows[1].ratio, 0.6, "naive OFFSET"));
    return { rows };
  },
};

async function jump(bench, server, round) {
  const jumps = bench.options.quick ? QUICK_JUMPS : JUMPS;
  const samples = [];
  const elapsedMs = [];
  for (let index = 0; index < jumps; index++) {
    await forgetBookmarks(bench);
    const offset = NEAR + STEP * (round * jumps + index);
    const request = restPage(bench, DATA.largeTaskId, { limit: 100, offset });
    const measured = async () => {
      const startedAt = performance.now();
      await send(server, request);
      elapsedMs.push(performance.now() - startedAt);
      return 1;
    };
    samples.push(await measureCpu(bench.database, server, measured));
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
