import { CONNECTION_DOCUMENT } from "../documents.mjs";
import { contest } from "../harness/contest.mjs";
import { DATA } from "../harness/data.mjs";
import { atMost } from "../harness/goals.mjs";
import { graphql, restPage, send } from "../harness/requests.mjs";
import { OURS } from "../opponents.mjs";

const PAGE = 100;
const connection = (bench, variables) => graphql(bench, CONNECTION_DOCUMENT, { taskId: DATA.hugeTaskId, ...variables });

export const cursorWalk = {
  name: "cursor-walk",
  title: "By cursor: the last page of a task of a million jobs, against the first",
  async run(bench) {
    const beforeLast = await cursorBeforeLastPage(bench);
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
        { name: against, opponent: OURS, request: first, against },
        { name: `${api}, last page`, opponent: OURS, request: last, against },
      ];
    });
    const { rows, notices } = await contest(bench, entries);
    for (const row of [rows[1], rows[3]]) row.goals.push(atMost(row.ratio, 1.2, "first page"));
    return { rows, notices };
  },
};

/** The cursor that a caller has before the last page, computed from the end. */
async function cursorBeforeLastPage(bench) {
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
