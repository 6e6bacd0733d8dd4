import { OURS } from "../competitors.mjs";
import { DATA } from "../harness/data.mjs";
import { limitRatio } from "../harness/goals.mjs";
import { runLoad } from "../harness/load.mjs";
import { figureRow } from "../harness/measure.mjs";
import { graphqlPage, restPage } from "../harness/requests.mjs";
import { statOf } from "../harness/statistics.mjs";

/** @import { Bench, RunningServer, Workload } from "../types.ts" */

const PAGE = 10;
/** More pages than the server has bookmarks. */
const WALKED_JOBS = 100_000;

/** @type {Workload} */
export const memory = {
  name: "memory",
  title: "Resident memory after many requests on both APIs, pages of 10 all over a task of 500,000",
  async run(bench) {
    const [some, many] = bench.options.quick ? [2_000, 20_000] : [20_000, 200_000];
    const server = await bench.start(OURS);
    try {
      const early = await residentAfter({ bench, server }, 0, some);
      const late = await residentAfter({ bench, server }, some, many);
      const rowAfter = (requests, megabytes) =>
        figureRow(`after ${requests.toLocaleString("en-US")} requests`, { unit: "MB", values: [megabytes] });
      const first = rowAfter(some, early);
      const last = { ...rowAfter(many, late), ratio: statOf([late / early]), against: first.name };
      limitRatio(last, 1.2);
      return { rows: [first, last] };
    } finally {
      await server.stop();
    }
  },
};

/**
 * Sends requests until `total` were sent, of which `done` were sent before. Resolves to the resident memory in MB.
 * @param {{ bench: Bench, server: RunningServer }} measured
 * @param {number} done
 * @param {number} total
 */
async function residentAfter({ bench, server }, done, total) {
  bench.say(`  up to ${total} requests`);
  const amount = (total - done) / 2;
  const offsets = { from: done * PAGE, step: PAGE, below: WALKED_JOBS };
  const walk = restPage(bench, DATA.largeTaskId, { limit: PAGE, offset: "{offset}" });
  await runLoad(server.origin, { ...walk, offsets }, { amount });
  await runLoad(server.origin, graphqlPage(bench, OURS.document, { taskId: DATA.pageTaskId, limit: PAGE }), { amount });
  return server.residentMb();
}
