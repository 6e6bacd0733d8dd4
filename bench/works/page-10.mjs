import { contest, expectedJobs } from "../harness/contest.mjs";
import { DATA } from "../harness/data.mjs";
import { atMost } from "../harness/goals.mjs";
import { graphqlPage, restPage } from "../harness/requests.mjs";
import { BASELINE, OURS } from "../opponents.mjs";

export const page10 = {
  name: "page-10",
  title: "A page of 10, both APIs",
  async run(bench) {
    const page = { limit: 10 };
    const rest = restPage(bench, DATA.pageTaskId, page);
    const graphql = graphqlPage(bench, OURS.document, { taskId: DATA.pageTaskId, ...page });
    const entries = [
      { name: "baseline", opponent: BASELINE, request: rest },
      { name: "ours, REST", opponent: OURS, request: rest, readJobs: (answer) => answer.jobs },
      { name: "ours, GraphQL", opponent: OURS, request: graphql, readJobs: OURS.readJobs },
    ];
    const { rows, notices } = await contest(bench, entries, { expected: await expectedJobs(bench, rest) });
    for (const row of rows.slice(1)) row.goals.push(atMost(row.ratio, 1.5, "baseline"));
    return { rows, notices };
  },
};
