import { OURS } from "../competitors.mjs";
import { PROGRESS_DOCUMENT } from "../documents.mjs";
import { compareServers } from "../harness/compare-servers.mjs";
import { DATA } from "../harness/data.mjs";
import { withConnection } from "../harness/database.mjs";
import { under } from "../harness/goals.mjs";
import { figureRow } from "../harness/measure.mjs";
import { graphql, graphqlPage } from "../harness/requests.mjs";

/** @import { Bench, Workload } from "../types.ts" */

const SAMPLE_EVERY_MS = 50;
/** Slightly less than a second, because a transaction begins up to a millisecond after the program sends it. */
const SECOND_S = 0.99;
/** Long timeouts, because the first count may have to read from disk. */
const OURS_WITH_LONG_TIMEOUTS = {
  ...OURS,
  environment: { ...OURS.environment, STATEMENT_TIMEOUT_MS: "5000", REQUEST_TIMEOUT_MS: "6000" },
};

/** @type {Workload} */
export const progress = {
  name: "progress",
  title: "16 connections poll the progress of a task of a million jobs, against a page of 10",
  async run(bench) {
    const watch = await watchCounts(bench);
    const entries = [
      {
        name: "page of 10",
        competitor: OURS_WITH_LONG_TIMEOUTS,
        request: graphqlPage(bench, OURS.document, { taskId: DATA.hugeTaskId, limit: 10 }),
      },
      {
        name: "polling",
        competitor: OURS_WITH_LONG_TIMEOUTS,
        request: graphql(bench, PROGRESS_DOCUMENT, { taskId: DATA.hugeTaskId }),
      },
    ];
    const { rows, notices } = await compareServers(bench, entries, { reference: "page of 10" }).finally(watch.stop);
    const most = watch.mostInASecond();
    const row = figureRow("counts begun within a second, at most", { unit: "", values: [most] });
    row.goals.push(under(most, 2, "no more than one"));
    return { rows: [...rows, row], notices };
  },
};

/**
 * Finds the start of every count by sampling. A count of a million jobs takes longer than the sampling interval.
 * @param {Bench} bench
 */
async function watchCounts(bench) {
  const begun = new Set();
  let isOver = false;
  const watching = withConnection(bench.url, async (sql) => {
    while (!isOver) {
      const rows = await sql`
        select pid || ' ' || extract(epoch from xact_start) as key from pg_stat_activity
        where datname = current_database() and backend_type = 'client backend' and state = 'active'
          and query like '%job.status, count(*)%' and pid <> pg_backend_pid()`;
      for (const { key } of rows) begun.add(key);
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_EVERY_MS));
    }
  });
  return {
    stop: async () => {
      isOver = true;
      await watching;
    },
    mostInASecond: () => {
      const times = [...begun].map((key) => Number(key.split(" ")[1]));
      return Math.max(0, ...times.map((from) => times.filter((time) => time >= from && time < from + SECOND_S).length));
    },
  };
}
