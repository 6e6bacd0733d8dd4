import { COUNTED_PAGE_DOCUMENT } from "../documents.mjs";
import { contest } from "../harness/contest.mjs";
import { DATA } from "../harness/data.mjs";
import { atMost } from "../harness/goals.mjs";
import { graphqlPage, restPage } from "../harness/requests.mjs";
import { FLOOR, OURS } from "../opponents.mjs";

const PAGES = [100, 10];

export const count = {
  name: "count",
  title: "`count` of a task of 500,000 jobs, against not asking for it",
  async run(bench) {
    const entries = PAGES.flatMap((limit) => {
      const request = (document) => graphqlPage(bench, document, DATA.largeTaskId, { limit });
      const plain = `page of ${limit}`;
      return [
        { name: plain, opponent: OURS, request: request(OURS.document), against: plain },
        { name: `${plain} and count`, opponent: OURS, request: request(COUNTED_PAGE_DOCUMENT), against: plain },
      ];
    });
    const counted = restPage(bench, DATA.largeTaskId, { limit: 100, more: "&count=1" });
    entries.push({
      name: "floor, page of 100 and count(*)",
      opponent: FLOOR,
      request: counted,
      against: "page of 100",
    });

    const { rows, notices } = await contest(bench, entries);
    // Of the page of 100, which is what callers who walk ask for; the page of 10 shows what the larger one hides.
    rows[1].goals.push(atMost(rows[1].ratio, 1.05, "the page without count"));
    return { rows, notices };
  },
};
