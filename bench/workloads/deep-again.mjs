import { OURS } from "../competitors.mjs";
import { compareServers } from "../harness/compare-servers.mjs";
import { DATA } from "../harness/data.mjs";
import { limitRatio } from "../harness/goals.mjs";
import { restPage } from "../harness/requests.mjs";

/** @import { Workload } from "../types.ts" */

/** @type {Workload} */
export const deepAgain = {
  name: "deep-again",
  title: "The second visit to offset 400,000 of 500,000, against the first page",
  async run(bench) {
    const entry = (name, offset) => ({
      name,
      competitor: OURS,
      request: restPage(bench, DATA.largeTaskId, { limit: 100, offset }),
    });
    const entries = [entry("first page", 0), entry("offset 400,000 again", 400_000)];
    const { rows, notices } = await compareServers(bench, entries, { reference: "first page" });
    // The goal "like the first page" is the same as for a walk.
    limitRatio(rows[1], 1.2);
    return { rows, notices };
  },
};
