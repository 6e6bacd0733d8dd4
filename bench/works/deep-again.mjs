import { contest } from "../harness/contest.mjs";
import { DATA } from "../harness/data.mjs";
import { atMost } from "../harness/goals.mjs";
import { restPage } from "../harness/requests.mjs";
import { OURS } from "../opponents.mjs";

export const deepAgain = {
  name: "deep-again",
  title: "The second visit to offset 400,000 of 500,000, against the first page",
  async run(bench) {
    const entry = (name, offset) => ({
      name,
      opponent: OURS,
      request: restPage(bench, DATA.largeTaskId, { limit: 100, offset }),
    });
    const entries = [entry("first page", 0), entry("offset 400,000 again", 400_000)];
    const { rows, notices } = await contest(bench, entries, { reference: "first page" });
    // The goal "like the first page" is the same as for a walk.
    rows[1].goals.push(atMost(rows[1].ratio, 1.2, "first page"));
    return { rows, notices };
  },
};
