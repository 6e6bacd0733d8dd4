import { describe, expect, test } from "vitest";
import { allowAnyTimestamp, aTask, someJobs, someJobsCreatedAt } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

/** A document is compiled when it is executed for the third time. */
const RUNS = 5;

let taskId = "";

const server = await sharedTestServer();
await allowAnyTimestamp(server.sql);
const owner = await server.as();
for (let day = 1; day <= 6; day++) {
  taskId = await aTask(server.sql, { user_id: owner.userId, created_at: `2025-01-0${day}T00:00:00Z` });
}
await someJobs(server.sql, taskId, 25);

const TASKS = `query ($first: Int, $after: String, $last: Int, $before: String, $offset: Int!, $filter: TaskFilter) {
  connection: tasks(first: $first, after: $after, last: $last, before: $before, offset: $offset, filter: $filter) {
    edges { cursor node { id } } nodes { id } totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
const JOBS = `query ($id: UUID!, $first: Int, $after: String, $last: Int, $before: String, $filter: TaskJobFilter) { task(id: $id) {
  connection: jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
    edges { cursor node { id } } nodes { id } totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`;

async function everyRun(query: string, variables: object) {
  const answers = [];
  for (let run = 0; run < RUNS; run++) answers.push((await owner.query(query, variables)).body);
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  return answers[0];
}
const tasks = async (page: object) => (await everyRun(TASKS, { offset: 0, ...page })).data.connection;
const jobs = async (page: object) => (await everyRun(JOBS, { id: taskId, ...page })).data.task.connection;
const refused = async (query: string, variables: object) => {
  const [error] = (await everyRun(query, variables)).errors;
  return { code: error.extensions.code, fields: error.extensions.details.map(({ field }: { field: string }) => field) };
};
const faults = (...fields: string[]) => ({ code: "BAD_USER_INPUT", fields });

describe.each([
  { name: "tasks", page: tasks, all: 6 },
  { name: "Task.jobs", page: jobs, all: 25 },
])("$name", ({ page, all }) => {
  test("edges, nodes and cursors of a connection agree in both directions, interpreted and compiled", async () => {
    const front = await page({ first: 4 });
    expect(front.nodes).toHaveLength(4);
    expect(front.edges.map(({ node }: { node: unknown }) => node)).toEqual(front.nodes);
    expect(front.totalCount).toBe(all);
    expect(front.pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: front.edges[0].cursor,
      endCursor: front.edges[3].cursor,
    });
    const next = await page({ first: 100, after: front.pageInfo.endCursor });
    expect(next.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    expect(next.nodes).toHaveLength(all - 4);
    const back = await page({ last: 4, before: next.pageInfo.startCursor });
    expect(back.edges).toEqual(front.edges);
    expect(back.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    const exactly = await page({ first: all });
    expect(exactly.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: false });
  });

  test("a connection without matching rows is empty and has no cursors", async () => {
    expect(await page({ filter: { createdFrom: "2026-01-01T00:00:00Z" } })).toEqual({
      edges: [],
      nodes: [],
      totalCount: 0,
      pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
    });
  });
});

describe("tasks by offset", () => {
  test("a page of tasks by offset has the right hasNextPage and hasPreviousPage", async () => {
    const inTheMiddle = { hasNextPage: true, hasPreviousPage: true };
    expect((await tasks({ first: 2, offset: 2 })).pageInfo).toMatchObject(inTheMiddle);
    expect((await tasks({ last: 2, offset: 2 })).pageInfo).toMatchObject(inTheMiddle);
    expect((await tasks({ last: 2 })).pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
  });

  test("an offset together with a cursor is refused", async () => {
    const { startCursor } = (await tasks({})).pageInfo;
    expect(await refused(TASKS, { offset: 1, after: startCursor })).toEqual(faults("offset"));
    expect(await refused(TASKS, { offset: 1, last: 1, before: startCursor })).toEqual(faults("offset"));
    expect((await tasks({ offset: 0, after: startCursor })).nodes).toHaveLength(5);
  });
});

describe("wrong arguments", () => {
  const wrong = { first: 0, last: 200, after: "x", before: "" };
  const named = ["first", "last", "last", "after", "before"];

  test("the error names all wrong arguments of Task.jobs", async () => {
    const filter = { domain: ["a\0"], updatedTo: "2025-02-30T00:00:00Z" };
    const { code, fields } = await refused(JOBS, { id: taskId, ...wrong, filter });
    expect([code, fields]).toEqual(["BAD_USER_INPUT", [...named, "filter.domain", "filter.updatedTo"]]);
  });

  test("the error names all wrong arguments of tasks", async () => {
    const filter = { source: ["a\0"] };
    expect(await refused(TASKS, { offset: -1, ...wrong, filter })).toEqual(
      faults("first", "last", "last", "offset", "after", "offset", "before", "offset", "filter.source"),
    );
    expect(await refused(TASKS, { offset: -1, first: 0 })).toEqual(faults("first", "offset"));
  });

  test.each(["", "x", "bm9uc2Vuc2U", "é", "\0"])("the invalid cursor %j is refused", async (after) => {
    expect(await refused(JOBS, { id: taskId, after })).toEqual(faults("after"));
    expect(await refused(TASKS, { offset: 0, before: after })).toEqual(faults("before"));
  });

  test.each([
    (cursor: string) => `${cursor}!!`,
    (cursor: string) => `${cursor}==`,
    (cursor: string) => ` ${cursor}`,
    (cursor: string) => `${cursor}\n`,
  ])("an altered cursor is refused: %s", async (alter) => {
    const { endCursor } = (await tasks({ first: 1 })).pageInfo;
    expect(await refused(TASKS, { offset: 0, after: alter(endCursor) })).toEqual(faults("after"));
  });

  test.each(["2025-02-30T00:00:00Z", "2025-01-01T00:00:00", "2025-01-01T00:00:00.1234567Z", "now", ""])(
    "the invalid timestamp %j is refused in a document and as a variable",
    async (timestamp) => {
      const literal = (field: string) => `{ ${field}, filter: { createdFrom: "${timestamp}" }) { __typename } }`;
      for (const document of [literal(`taskJobs(taskId: "${taskId}"`), literal("tasks(first: 1")]) {
        expect(await refused(document, {})).toEqual(faults("filter.createdFrom"));
      }
      const progress = `{ task(id: "${taskId}") { progress(filter: { updatedTo: "${timestamp}" }) { total } } }`;
      expect(await refused(progress, {})).toEqual(faults("filter.updatedTo"));
      expect(await refused(JOBS, { id: taskId, filter: { createdTo: timestamp } })).toEqual(faults("filter.createdTo"));
    },
  );
});

test("a list of tasks with only totalCount selected returns the count", async () => {
  const { data } = await everyRun("{ tasks { totalCount } }", {});
  expect(data).toEqual({ tasks: { totalCount: 6 } });
});

test("rows with the timestamp infinity have cursors", async () => {
  const endless = await aTask(server.sql, { user_id: owner.userId });
  await someJobsCreatedAt(server.sql, endless, { count: 2, createdAt: "infinity" });
  const first = (await everyRun(JOBS, { id: endless, first: 1 })).data.task.connection;
  const second = (await everyRun(JOBS, { id: endless, first: 1, after: first.pageInfo.endCursor })).data.task
    .connection;
  expect(second.pageInfo.hasNextPage).toBe(false);
  expect(second.nodes).not.toEqual(first.nodes);
});
