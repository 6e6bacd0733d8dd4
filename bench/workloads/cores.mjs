import { OURS } from "../competitors.mjs";
import { compareServers } from "../harness/compare-servers.mjs";
import { DATA } from "../harness/data.mjs";
import { restPage } from "../harness/requests.mjs";
import { ratioOf } from "../harness/statistics.mjs";

/** @import { Workload } from "../types.ts" */

/** @type {Workload} */
export const cores = {
  name: "cores",
  title: "Two workers against one (WORKERS), a REST page of 100",
  async run(bench) {
    const [one, two] = ["1", "2"].map((workers) => ({
      ...OURS,
      name: `WORKERS=${workers}`,
      environment: { ...OURS.environment, WORKERS: workers },
    }));
    const request = restPage(bench, DATA.pageTaskId, { limit: 100 });
    const entries = [one, two].map((competitor) => ({ name: competitor.name, competitor, request }));
    const { rows, samplesOf } = await compareServers(bench, entries, { reference: one.name });
    const gain = ratioOf(samplesOf(two.name), samplesOf(one.name), "perSecond");
    const range = `${gain.min.toFixed(2)}–${gain.max.toFixed(2)}`;
    return { rows, notices: [`throughput of two workers: ${gain.median.toFixed(2)} (${range}) × that of one`] };
  },
};
