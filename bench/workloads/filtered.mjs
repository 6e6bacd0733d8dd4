import { BASELINE, OURS } from "../competitors.mjs";
import { CONNECTION_DOCUMENT } from "../documents.mjs";
import { compareServers } from "../harness/compare-servers.mjs";
import { DATA } from "../harness/data.mjs";
import { limitRatio } from "../harness/goals.mjs";
import { graphql, restPage } from "../harness/requests.mjs";

/** @import { Workload } from "../types.ts" */

const PAGE = 100;
const FILTERS = [
  { name: "failed", filter: { status: ["FAILED"] }, parameter: "&status=failed" },
  { name: "updated lately", filter: { updatedFrom: DATA.lateChange }, parameter: `&updated_since=${DATA.lateChange}` },
  // No index contains the domain of an email, so the time depends on how far apart the matches are.
  { name: "of one domain", filter: { domain: ["gmail.com"] }, parameter: "&domain=gmail.com" },
];
const INDEXED = ["failed", "updated lately"];

/** @type {Workload} */
export const filtered = {
  name: "filtered",
  title:
    "A filtered page of 100 of a million jobs, nothing counted, against the unfiltered one and the same SQL by hand",
  async run(bench) {
    const against = "unfiltered";
    const page = (filter) => graphql(bench, CONNECTION_DOCUMENT, { taskId: DATA.hugeTaskId, first: PAGE, filter });
    const byHand = (more) => restPage(bench, DATA.hugeTaskId, { limit: PAGE, more });
    const { rows, notices } = await compareServers(bench, [
      { name: against, competitor: OURS, request: page({}), against },
      ...FILTERS.flatMap(({ name, filter, parameter }) => [
        { name, competitor: OURS, request: page(filter), against },
        { name: `${name}, by hand`, competitor: BASELINE, request: byHand(parameter), against: name },
      ]),
    ]);
    for (const row of rows) if (INDEXED.includes(row.name)) limitRatio(row, 1.3);
    return { rows, notices };
  },
};
