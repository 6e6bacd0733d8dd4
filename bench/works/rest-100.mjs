import { contest, expectedJobs } from "../harness/contest.mjs";
import { DATA } from "../harness/data.mjs";
import { ahead, atMost, winnerOf } from "../harness/goals.mjs";
import { restPage, send } from "../harness/requests.mjs";
import { BASELINE, OURS, REST_PEERS } from "../opponents.mjs";

export const rest100 = {
  name: "rest-100",
  title: "REST, a page of 100 jobs with their emails",
  async run(bench) {
    const request = restPage(bench, DATA.pageTaskId, { limit: 100 });
    const expected = await expectedJobs(bench, request);
    await assertSameBytes(bench, request, expected);
    const entries = [BASELINE, OURS, ...bench.peers(REST_PEERS)].map((opponent) => {
      return { name: opponent.name, opponent, request, readJobs: (answer) => answer.jobs };
    });
    const { rows, notices } = await contest(bench, entries, { expected });

    const ours = rows.find(({ name }) => name === OURS.name);
    ours.goals.push(atMost(ours.ratio, 1.25, "baseline"));
    const express = rows.filter(({ name }) => name === "express-drizzle");
    if (express.length > 0) {
      ours.goals.push(
        ahead(ours, express, { figure: "perSecond", better: "more", text: "throughput ahead of Express + drizzle" }),
      );
    }
    return { rows, notices, winner: winnerOf(rows, "totalMs") };
  },
};

/** Checks that the jobs are equal byte for byte. */
async function assertSameBytes(bench, request, expected) {
  const server = await bench.start(OURS);
  try {
    const text = await send(server, request);
    if (!text.includes(JSON.stringify(expected).slice(1, -1)))
      throw new Error("the bytes of our REST jobs differ from those of the baseline");
  } finally {
    await server.stop();
  }
}
