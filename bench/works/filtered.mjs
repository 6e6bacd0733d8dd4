import { CONNECTION_DOCUMENT } from "../documents.mjs";
import { contest } from "../harness/contest.mjs";
import { DATA } from "../harness/data.mjs";
import { atMost } from "../harness/goals.mjs";
import { graphql, restPage } from "../harness/requests.mjs";
import { BASELINE, OURS } from "../opponents.mjs";

const PAGE = 100;
const FILTERS = [
  { name: "failed", filter: { status: ["FAILED"] }, parameter: "&status=failed" },
  { name: "updated lately", filter: { updatedFrom: DATA.lateChange }, parameter: `&updated_since=${DATA.lateChange}` },
  // No index contains the domain of an email, so the time depends on how far apart the matches are.
  { name: "of one domain", filter: { domain: ["gmail.com"] }, parameter: "&domain=gmail.com" },
];
const INDEXED = ["failed", "updated lately"];

export const filtered = {
  name: "filtered",
  title:
    "A filtered page of 100 of a million jobs, nothing counted, against the unfiltered one and the same SQL by hand",
  async run(bench) {
    const against = "unfiltered";
    const page = (filter) => graphql(bench, CONNECTION_DOCUMENT, { taskId: DATA.hugeTaskId, first: PAGE, filter });
    const byHand = (more) => restPage(bench, DATA.hugeTaskId, { limit: PAGE, more });
    const { rows, notices } = await contest(bench, [
      { name: against, opponent: OURS, request: page({}), against },
      ...FILTERS.flatMap(({ name, filter, parameter }) => [
        { name, opponent: OURS, request: page(filter), against },
        { name: `${name}, by hand`, opponent: BASELINE, request: byHand(parameter), against: name },
      ]),
    ]);
    for (const row of rows) if (INDEXED.includes(row.name)) row.goals.push(atMost(row.ratio, 1.3, against));
    return { rows, notices };
  },
};
