import { BASELINE, OURS } from "../competitors.mjs";
import { COUNTED_PAGE_DOCUMENT } from "../documents.mjs";
import { compareServers } from "../harness/compare-servers.mjs";
import { DATA } from "../harness/data.mjs";
import { limitRatio } from "../harness/goals.mjs";
import { graphqlPage, restPage } from "../harness/requests.mjs";

/** @import { Workload } from "../types.ts" */

const PAGES = [100, 10];

/** @type {Workload} */
export const count = {
  name: "count",
  title: "`count` of a task of 500,000 jobs, against not asking for it",
  async run(bench) {
    const entries = PAGES.flatMap((limit) => {
      const request = (document) => graphqlPage(bench, document, { taskId: DATA.largeTaskId, limit });
      const plain = `page of ${limit}`;
      return [
        { name: plain, competitor: OURS, request: request(OURS.document), against: plain },
        { name: `${plain} and count`, competitor: OURS, request: request(COUNTED_PAGE_DOCUMENT), against: plain },
      ];
    });
    const byHand = {
      name: "baseline, page of 100 and count(*)",
      competitor: BASELINE,
      request: restPage(bench, DATA.largeTaskId, { limit: 100, more: "&count=1" }),
      against: "page of 100",
    };
    const { rows, notices } = await compareServers(bench, [...entries, byHand]);
    // The goal is for pages of 100, which callers use to read a whole task.
    limitRatio(rows[1], 1.05);
    return { rows, notices };
  },
};
