import { OURS } from "../competitors.mjs";
import { DATA } from "../harness/data.mjs";
import { limitRatio } from "../harness/goals.mjs";
import { runLoad } from "../harness/load.mjs";
import { measureInRounds, measureLoad, partsOf, rowOf } from "../harness/measure.mjs";
import { restPage, send } from "../harness/requests.mjs";

/** @import { Bench, Workload } from "../types.ts" */

const WALKS = [0, 100_000, 400_000].map((depth) => ({ name: `walking from ${depth.toLocaleString("en-US")}`, depth }));
const PAGE = 100;
const PAGES = 500;
const QUICK_PAGES = 100;
const WARM_UP_SECONDS = 3;

/** @type {Workload} */
export const deepWalk = {
  name: "deep-walk",
  title: "One caller walks a task of 500,000 jobs page by page, from three depths",
  async run(bench) {
    const walks = await measureInRounds(bench, WALKS, ({ depth }) => walk(bench, depth));
    const rows = [
      rowOf(
        "first page again and again",
        walks[0].samples.map(({ firstPage }) => firstPage),
      ),
    ];
    for (const { item, samples } of walks) {
      const reference = samples.map(({ firstPage }) => firstPage);
      const row = rowOf(item.name, samples, { reference, against: "first page" });
      limitRatio(row, 1.2);
      rows.push(row);
    }
    return { rows };
  },
};

/**
 * Starts a new server, because bookmarks of an earlier walk would make this walk faster.
 * @param {Bench} bench
 * @param {number} depth
 */
async function walk(bench, depth) {
  const server = await bench.start(OURS);
  const measured = { origin: server.origin, parts: partsOf(bench, server) };
  const oneCaller = { connections: 1, amount: bench.options.quick ? QUICK_PAGES : PAGES };
  try {
    await runLoad(server.origin, restPage(bench, DATA.pageTaskId, { limit: PAGE }), { seconds: WARM_UP_SECONDS });
    const firstPage = await measureLoad(measured, restPage(bench, DATA.largeTaskId, { limit: PAGE }), oneCaller);
    // The jump to the first page of the walk is measured by another workload.
    await send(server, restPage(bench, DATA.largeTaskId, { limit: PAGE, offset: depth }));
    const next = restPage(bench, DATA.largeTaskId, { limit: PAGE, offset: "{offset}" });
    const offsets = { from: depth + PAGE, step: PAGE };
    return { ...(await measureLoad(measured, { ...next, offsets }, oneCaller)), firstPage };
  } finally {
    await server.stop();
  }
}
