import { DATA } from "../harness/data.mjs";
import { atMost } from "../harness/goals.mjs";
import { runLoad } from "../harness/load.mjs";
import { measureLoad, rowOf } from "../harness/measure.mjs";
import { restPage, send } from "../harness/requests.mjs";
import { OURS } from "../opponents.mjs";

const DEPTHS = [0, 100_000, 400_000];
const PAGE = 100;
const PAGES = 500;
const QUICK_PAGES = 100;
const WARM_UP_SECONDS = 3;

export const deepWalk = {
  name: "deep-walk",
  title: "One caller walks a task of 500,000 jobs page by page, from three depths",
  async run(bench) {
    const first = [];
    const walks = new Map(DEPTHS.map((depth) => [depth, []]));
    for (let round = 0; round < bench.options.rounds; round++) {
      for (const depth of DEPTHS) {
        bench.say(`  round ${round + 1} of ${bench.options.rounds}: from ${depth}`);
        walks.get(depth).push(await walk(bench, depth));
      }
    }
    for (const { firstPage } of walks.get(0)) first.push(firstPage);
    const rows = [rowOf("first page again and again", first)];
    for (const [depth, samples] of walks) {
      const firstPages = samples.map(({ firstPage }) => firstPage);
      const row = rowOf(`walking from ${depth.toLocaleString("en-US")}`, samples, {
        reference: firstPages,
        against: "first page",
      });
      row.goals.push(atMost(row.ratio, 1.2, "first page"));
      rows.push(row);
    }
    return { rows };
  },
};

/** Starts a new server, because bookmarks of an earlier walk would make this walk faster. */
async function walk(bench, depth) {
  const server = await bench.start(OURS);
  const oneCaller = { connections: 1, amount: bench.options.quick ? QUICK_PAGES : PAGES };
  try {
    await runLoad(server.origin, restPage(bench, DATA.pageTaskId, { limit: PAGE }), { seconds: WARM_UP_SECONDS });
    const first = restPage(bench, DATA.largeTaskId, { limit: PAGE });
    const firstPage = await measureLoad({ ...bench, server }, first, oneCaller);
    // The jump to the first page of the walk is measured by another benchmark.
    await send(server, restPage(bench, DATA.largeTaskId, { limit: PAGE, offset: depth }));
    const next = restPage(bench, DATA.largeTaskId, { limit: PAGE, offset: "{offset}" });
    const offsets = { from: depth + PAGE, step: PAGE };
    return { ...(await measureLoad({ ...bench, server }, { ...next, offsets }, oneCaller)), firstPage };
  } finally {
    await server.stop();
  }
}
