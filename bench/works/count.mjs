import { COUNTED_PAGE_DOCUMENT } from "../documents.mjs";
import { contest } from "../harness/contest.mjs";
import { DATA } from "../harness/data.mjs";
import { atMost } from "../harness/goals.mjs";
import { graphqlPage, restPage } from "../harness/requests.mjs";
import { BASELINE, OURS } from "../opponents.mjs";

const PAGES = [100, 10];

export const count = {
  name: "count",
  title: "`count` of a task of 500,000 jobs, against not asking for it",
  async run(bench) {
    const entries = PAGES.flatMap((limit) => {
      const request = (document) => graphqlPage(bench, document, { taskId: DATA.largeTaskId, limit });
      const plain = `page of ${limit}`;
      return [
        { name: plain, opponent: OURS, request: request(OURS.document), against: plain },
        { name: `${plain} and count`, opponent: OURS, request: request(COUNTED_PAGE_DOCUMENT), against: plain },
      ];
    });
    const counted = restPage(bench, DATA.largeTaskId, { limit: 100, more: "&count=1" });
    entries.push({
      name: "baseline, page of 100 and count(*)",
      opponent: BASELINE,
      request: counted,
      against: "page of 100",
    });

    const { rows, notices } = await contest(bench, entries);
    // The goal is for pages of 100, which callers use to read a whole task.
    rows[1].goals.push(atMost(rows[1].ratio, 1.05, "the page without count"));
    return { rows, notices };
  },
};
