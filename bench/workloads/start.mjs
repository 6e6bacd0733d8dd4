import { OURS } from "../competitors.mjs";
import { DATA } from "../harness/data.mjs";
import { under } from "../harness/goals.mjs";
import { figureRow } from "../harness/measure.mjs";
import { restPage, send } from "../harness/requests.mjs";
import { statOf } from "../harness/statistics.mjs";

/** @import { Workload } from "../types.ts" */

const STARTS = 5;

/** @type {Workload} */
export const start = {
  name: "start",
  title: "From `node` to the first answered REST request, against a running database",
  async run(bench) {
    const elapsedMs = [];
    for (let count = 0; count < STARTS; count++) {
      const startedAt = performance.now();
      const server = await bench.start(OURS);
      await send(server, restPage(bench, DATA.pageTaskId, { limit: 10 }));
      elapsedMs.push(performance.now() - startedAt);
      await server.stop();
    }
    const row = figureRow("ours", { unit: "ms", values: elapsedMs });
    row.goals.push(under(statOf(elapsedMs).median, 1500, "under 1.5 s"));
    return { rows: [row] };
  },
};
