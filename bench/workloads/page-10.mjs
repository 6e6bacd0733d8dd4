import { BASELINE, OURS } from "../competitors.mjs";
import { compareServers, readExpectedJobs } from "../harness/compare-servers.mjs";
import { DATA } from "../harness/data.mjs";
import { limitRatio } from "../harness/goals.mjs";
import { graphqlPage, restPage } from "../harness/requests.mjs";

/** @import { Workload } from "../types.ts" */

/** @type {Workload} */
export const page10 = {
  name: "page-10",
  title: "A page of 10, both APIs",
  async run(bench) {
    const page = { limit: 10 };
    const rest = restPage(bench, DATA.pageTaskId, page);
    const graphql = graphqlPage(bench, OURS.document, { taskId: DATA.pageTaskId, ...page });
    const entries = [
      { name: "baseline", competitor: BASELINE, request: rest },
      { name: "ours, REST", competitor: OURS, request: rest, readJobs: (answer) => answer.jobs },
      { name: "ours, GraphQL", competitor: OURS, request: graphql, readJobs: OURS.readJobs },
    ];
    const { rows, notices } = await compareServers(bench, entries, { expected: await readExpectedJobs(bench, rest) });
    for (const row of rows.slice(1)) limitRatio(row, 1.5);
    return { rows, notices };
  },
};
