import { contest, expectedJobs } from "../harness/contest.mjs";
import { DATA } from "../harness/data.mjs";
import { ahead, atMost, winnerOf } from "../harness/goals.mjs";
import { graphqlPage, restPage } from "../harness/requests.mjs";
import { BASELINE, GRAPHQL_PEERS, OURS } from "../opponents.mjs";

export const graphql100 = {
  name: "graphql-100",
  title: "GraphQL POST, the same page of 100 (the baseline serves it over REST)",
  async run(bench) {
    const page = { limit: 100 };
    const rest = restPage(bench, DATA.pageTaskId, page);
    const expected = await expectedJobs(bench, rest);
    const entries = [OURS, ...bench.peers(GRAPHQL_PEERS)].map((opponent) => ({
      name: opponent.name,
      opponent,
      request: graphqlPage(bench, opponent.document, { taskId: DATA.pageTaskId, ...page }),
      readJobs: opponent.readJobs,
    }));
    const { rows, notices } = await contest(
      bench,
      [{ name: BASELINE.name, opponent: BASELINE, request: rest }, ...entries],
      {
        expected,
      },
    );

    const ours = rows.find(({ name }) => name === OURS.name);
    const peers = rows.filter(({ name }) => name !== OURS.name && name !== BASELINE.name);
    ours.goals.push(atMost(ours.ratio, 1.3, "baseline"));
    if (peers.length > 0)
      ours.goals.push(ahead(ours, peers, { figure: "totalMs", better: "less", text: "ahead of every GraphQL peer" }));
    return { rows, notices, winner: winnerOf([ours, ...peers], "totalMs") };
  },
};
