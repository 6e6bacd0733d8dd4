import { BASELINE, GRAPHQL_PEERS, OURS } from "../competitors.mjs";
import { compareServers, readExpectedJobs } from "../harness/compare-servers.mjs";
import { DATA } from "../harness/data.mjs";
import { ahead, limitRatio, winnerOf } from "../harness/goals.mjs";
import { graphqlPage, restPage } from "../harness/requests.mjs";

/** @import { Workload } from "../types.ts" */

/** @type {Workload} */
export const graphql100 = {
  name: "graphql-100",
  title: "GraphQL POST, the same page of 100 (the baseline serves it over REST)",
  async run(bench) {
    const rest = restPage(bench, DATA.pageTaskId, { limit: 100 });
    const expected = await readExpectedJobs(bench, rest);
    const entries = [OURS, ...bench.peers(GRAPHQL_PEERS)].map((competitor) => ({
      name: competitor.name,
      competitor,
      request: graphqlPage(bench, competitor.document, { taskId: DATA.pageTaskId, limit: 100 }),
      readJobs: competitor.readJobs,
    }));
    const baseline = { name: BASELINE.name, competitor: BASELINE, request: rest };
    const { rows, notices } = await compareServers(bench, [baseline, ...entries], { expected });

    const [, ours, ...peers] = rows;
    limitRatio(ours, 1.3);
    if (peers.length > 0)
      ours.goals.push(ahead(ours, peers, { figure: "totalMs", better: "less", text: "ahead of every GraphQL peer" }));
    return { rows, notices, winner: winnerOf([ours, ...peers]) };
  },
};
