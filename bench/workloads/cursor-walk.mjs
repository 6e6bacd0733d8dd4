import { OURS } from "../competitors.mjs";
import { CONNECTION_DOCUMENT } from "../documents.mjs";
import { compareServers } from "../harness/compare-servers.mjs";
import { DATA } from "../harness/data.mjs";
import { limitRatio } from "../harness/goals.mjs";
import { graphql, restPage, send } from "../harness/requests.mjs";

/** @import { Workload } from "../types.ts" */

const PAGE = 100;
const connection = (bench, variables) => graphql(bench, CONNECTION_DOCUMENT, { taskId: DATA.hugeTaskId, ...variables });

/** @type {Workload} */
export const cursorWalk = {
  name: "cursor-walk",
  title: "By cursor: the last page of a task of a million jobs, against the first",
  async run(bench) {
    const beforeLast = await readCursorBeforeLastPage(bench);
    const rest = (after) => restPage(bench, DATA.hugeTaskId, { limit: PAGE, more: `&after=${after}` });
    const apis = [
      {
        api: "GraphQL",
        first: connection(bench, { first: PAGE }),
        last: connection(bench, { first: PAGE, after: beforeLast }),
      },
      { api: "REST", first: rest(""), last: rest(beforeLast) },
    ];
    const entries = apis.flatMap(({ api, first, last }) => {
      const against = `${api}, first page`;
      return [
        { name: against, competitor: OURS, request: first, against },
        { name: `${api}, last page`, competitor: OURS, request: last, against },
      ];
    });
    const { rows, notices } = await compareServers(bench, entries);
    for (const row of [rows[1], rows[3]]) limitRatio(row, 1.2);
    return { rows, notices };
  },
};

/** Reads the cursor before the last page by paging backwards from the end. */
async function readCursorBeforeLastPage(bench) {
  const server = await bench.start(OURS);
  const pageInfoOf = async (variables) => {
    const { data } = JSON.parse(await send(server, connection(bench, variables)));
    return data.task.jobs.pageInfo;
  };
  try {
    const { startCursor } = await pageInfoOf({ last: PAGE });
    return (await pageInfoOf({ last: 1, before: startCursor })).startCursor;
  } finally {
    await server.stop();
  }
}
