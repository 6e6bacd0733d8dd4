import { OURS } from "../competitors.mjs";
import { STATUS_DOCUMENT } from "../documents.mjs";
import { compareServers } from "../harness/compare-servers.mjs";
import { DATA } from "../harness/data.mjs";
import { limitRatio } from "../harness/goals.mjs";
import { graphqlPage } from "../harness/requests.mjs";

/** @import { Workload } from "../types.ts" */

/** @type {Workload} */
export const selection = {
  name: "selection",
  title: "GraphQL selecting `id status` of 100 jobs, against our own full page",
  async run(bench) {
    const entry = (name, document) => ({
      name,
      competitor: OURS,
      request: graphqlPage(bench, document, { taskId: DATA.pageTaskId, limit: 100 }),
    });
    const entries = [entry("full page", OURS.document), entry("id status", STATUS_DOCUMENT)];
    const { rows, notices } = await compareServers(bench, entries, { reference: "full page" });
    limitRatio(rows[1], 0.42);
    return { rows, notices };
  },
};
