import { PROGRESS_DOCUMENT } from "../documents.mjs";
import { contest } from "../harness/contest.mjs";
import { DATA } from "../harness/data.mjs";
import { withConnection } from "../harness/database.mjs";
import { under } from "../harness/goals.mjs";
import { graphql, graphqlPage } from "../harness/requests.mjs";
import { statOf } from "../harness/statistics.mjs";
import { OURS } from "../opponents.mjs";

const SAMPLE_EVERY_MS = 50;
/** Slightly less than a second, because a transaction begins up to a millisecond after the program sends it. */
const SECOND_S = 0.99;
/** Long timeouts, because the first aggregate may have to read from disk. */
const OURS_WITH_LONG_TIMEOUTS = {
  ...OURS,
  environment: { ...OURS.environment, STATEMENT_TIMEOUT_MS: "5000", REQUEST_TIMEOUT_MS: "6000" },
};

export const progress = {
  name: "progress",
  title: "16 connections poll the progress of a task of a million jobs, against a page of 10",
  async run(bench) {
    const watch = await watchAggregates(bench);
    const polling = "polling";
    const entries = [
      {
        name: "page of 10",
        opponent: OURS_WITH_LONG_TIMEOUTS,
        request: graphqlPage(bench, OURS.document, { taskId: DATA.hugeTaskId, limit: 10 }),
      },
      {
        name: polling,
        opponent: OURS_WITH_LONG_TIMEOUTS,
        request: graphql(bench, PROGRESS_DOCUMENT, { taskId: DATA.hugeTaskId }),
      },
    ];
    const { rows, notices } = await contest(bench, entries, { reference: "page of 10" }).finally(watch.stop);
    const measured = statOf([watch.mostInASecond()]);
    const goals = [under(measured.median, 1.5, "no more than one")];
    rows.push({ name: "aggregates begun within a second, at most", unit: "", measured, goals });
    return { rows, notices };
  },
};

/** Finds the start of every aggregate by sampling. An aggregate of a million jobs takes longer than the sampling interval. */
async function watchAggregates(bench) {
  const begun = new Set();
  let isOver = false;
  const watching = withConnection(bench.url, async (sql) => {
    while (!isOver) {
      const rows = await sql`
        select pid || ' ' || extract(epoch from xact_start) as key from pg_stat_activity
        where datname = current_database() and backend_type = 'client backend' and state = 'active' and query like '%job.status, count(*)%' and pid <> pg_backend_pid()`;
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
