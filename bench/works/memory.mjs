import { DATA } from "../harness/data.mjs";
import { atMost } from "../harness/goals.mjs";
import { runLoad } from "../harness/load.mjs";
import { graphqlPage, restPage } from "../harness/requests.mjs";
import { statOf } from "../harness/statistics.mjs";
import { OURS } from "../opponents.mjs";

const PAGE = 10;
/** More pages than the server has bookmarks. */
const WALKED_JOBS = 100_000;

export const memory = {
  name: "memory",
  title: "Resident memory after many requests on both APIs, pages of 10 all over a task of 500,000",
  async run(bench) {
    const [some, many] = bench.options.quick ? [2_000, 20_000] : [20_000, 200_000];
    const server = await bench.start(OURS);
    try {
      const early = await residentAfter({ bench, server }, 0, some);
      const late = await residentAfter({ bench, server }, some, many);
      const rowAfter = (requests, megabytes) => ({
        name: `after ${requests.toLocaleString("en-US")} requests`,
        unit: "MB",
        measured: statOf([megabytes]),
        goals: [],
      });
      const rows = [rowAfter(some, early), rowAfter(many, late)];
      rows[1].ratio = statOf([late / early]);
      rows[1].against = rows[0].name;
      rows[1].goals.push(atMost(rows[1].ratio, 1.2, rows[0].name));
      return { rows };
    } finally {
      await server.stop();
    }
  },
};

async function residentAfter({ bench, server }, done, total) {
  bench.say(`  up to ${total} requests`);
  const amount = (total - done) / 2;
  const offsets = { from: done * PAGE, step: PAGE, below: WALKED_JOBS };
  const walk = restPage(bench, DATA.largeTaskId, { limit: PAGE, offset: "{offset}" });
  await runLoad(server.origin, { ...walk, offsets }, { amount });
  await runLoad(server.origin, graphqlPage(bench, OURS.document, { taskId: DATA.pageTaskId, limit: PAGE }), { amount });
  return server.residentMb();
}
