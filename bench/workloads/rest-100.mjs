import { BASELINE, OURS, REST_PEERS } from "../competitors.mjs";
import { compareServers, readExpectedJobs } from "../harness/compare-servers.mjs";
import { DATA } from "../harness/data.mjs";
import { ahead, limitRatio, winnerOf } from "../harness/goals.mjs";
import { restPage, send } from "../harness/requests.mjs";

/** @import { Bench, HttpRequest, Job, Workload } from "../types.ts" */

/** @type {Workload} */
export const rest100 = {
  name: "rest-100",
  title: "REST, a page of 100 jobs with their emails",
  async run(bench) {
    const request = restPage(bench, DATA.pageTaskId, { limit: 100 });
    const expected = await readExpectedJobs(bench, request);
    await assertSameBytes(bench, request, expected);
    const entries = [BASELINE, OURS, ...bench.peers(REST_PEERS)].map((competitor) => ({
      name: competitor.name,
      competitor,
      request,
      readJobs: ({ jobs }) => jobs,
    }));
    const { rows, notices } = await compareServers(bench, entries, { expected });

    const ours = rows[1];
    limitRatio(ours, 1.25);
    const express = rows.filter(({ name }) => name === "express-drizzle");
    if (express.length > 0) {
      ours.goals.push(
        ahead(ours, express, { figure: "perSecond", better: "more", text: "throughput ahead of Express + drizzle" }),
      );
    }
    return { rows, notices, winner: winnerOf(rows) };
  },
};

/**
 * Checks that the jobs are equal byte for byte.
 * @param {Bench} bench
 * @param {HttpRequest} request
 * @param {readonly Job[]} expected
 */
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
