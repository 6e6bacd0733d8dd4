import { STATUS_DOCUMENT } from "../documents.mjs";
import { contest } from "../harness/contest.mjs";
import { DATA } from "../harness/data.mjs";
import { under } from "../harness/goals.mjs";
import { graphqlPage } from "../harness/requests.mjs";
import { OURS } from "../opponents.mjs";

export const selection = {
  name: "selection",
  title: "GraphQL selecting `id status` of 100 jobs, against our own full page",
  async run(bench) {
    const entry = (name, document) => ({
      name,
      opponent: OURS,
      request: graphqlPage(bench, document, { taskId: DATA.pageTaskId, limit: 100 }),
    });
    const entries = [entry("full page", OURS.document), entry("id status", STATUS_DOCUMENT)];
    const { rows, notices } = await contest(bench, entries, { reference: "full page" });
    rows[1].goals.push(under(rows[1].ratio.median, 0.42, "under 0.42 × full page"));
    return { rows, notices };
  },
};
