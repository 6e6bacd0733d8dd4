import { describe, expect, test } from "vitest";
import { aTask, someJobs } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

/** Repeated documents are executed by compiled code, so each document runs several times. */
const RUNS = 5;
const TASKS = 100;

/** The tasks are ordered from the newest to the oldest, and task number n has n modulo 7 jobs. */
const server = await sharedTestServer();
const owner = await server.as();
const ids: string[] = [];
for (let n = 0; n < TASKS; n++) {
  const id = await aTask(server.sql, {
    user_id: owner.userId,
    created_at: new Date(1.7e12 - n * 1000).toISOString(),
  });
  await someJobs(server.sql, id, n % 7);
  ids.push(id);
}
await someJobs(server.sql, await aTask(server.sql), 5);

const jobsOf = (n: number) => n % 7;
const everyRun = async (query: string, variables: object, viewer = owner) => {
  const responses = [];
  for (let run = 0; run < RUNS; run++) responses.push(await viewer.query(query, variables));
  for (const { status, body } of responses) expect([status, body]).toEqual([200, responses[0]?.body]);
  return responses[0]?.body;
};

describe("the jobs of a list of tasks", () => {
  test("the jobs of 100 tasks can be counted under three aliases, also by compiled code", async () => {
    const { data, errors } = await everyRun(
      `{ tasks(first: 100) { nodes { id a: jobs(first: 1) { totalCount } b: jobs(first: 1, orderBy: CREATED_AT_ASC) { totalCount }
        c: jobs(first: 1, orderBy: UPDATED_AT_ASC) { totalCount } } } }`,
      {},
    );
    expect(errors).toBeUndefined();
    const all = (n: number) => ({ totalCount: jobsOf(n) });
    expect(data.tasks.nodes).toEqual(ids.map((id, n) => ({ id, a: all(n), b: all(n), c: all(n) })));
  });

  test("the jobs of 100 tasks take as many statements as those of two tasks: one for each alias and one for all emails", async () => {
    const query = `query ($first: Int) { tasks(first: $first) { nodes {
      a: jobs(first: 2) { nodes { id email { status } } totalCount }
      b: jobs(last: 2, filter: { status: [COMPLETED] }) { edges { cursor } totalCount }
      c: jobs(first: 9, orderBy: UPDATED_AT_ASC) { totalCount } d: jobs { totalCount } } } }`;
    const countFor = (first: number) => server.countStatements(() => owner.query(query, { first }));
    // The API key, the tasks, `a`, `b`, one count for `c` and `d`, and the emails.
    for (let run = 0; run < RUNS; run++) expect([await countFor(2), await countFor(100)]).toEqual([6, 6]);
  });

  test("the jobs in a list of tasks equal the jobs of each task in a query of its own", async () => {
    const fields = `jobs(first: $first, last: $last, filter: $filter, orderBy: $order) {
      nodes { id taskId email { email } } edges { cursor } totalCount pageInfo { hasNextPage hasPreviousPage endCursor } }`;
    const declared = "$first: Int, $last: Int, $filter: TaskJobFilter, $order: TaskJobOrder";
    for (const variables of [
      { first: 2 },
      { last: 3, order: "UPDATED_AT_ASC" },
      { first: 4, order: "CREATED_AT_ASC", filter: { addressContains: "user3" } },
      { first: 1, filter: { status: ["FAILED"] } },
    ]) {
      const { data } = await everyRun(`query (${declared}) { tasks(first: 20) { nodes { id ${fields} } } }`, variables);
      for (const task of data.tasks.nodes) {
        const alone = await owner.query(`query ($id: UUID!, ${declared}) { task(id: $id) { id ${fields} } }`, {
          id: task.id,
          ...variables,
        });
        expect(task).toEqual(alone.body.data.task);
      }
    }
  });

  test("a cursor of one task is an error only for the other tasks", async () => {
    const [one, other] = [ids[6], ids[5]];
    const cursorOf = async (id = "") => {
      const { body } = await owner.query(`{ task(id: "${id}") { jobs(first: 1) { pageInfo { endCursor } } } }`);
      return body.data.task.jobs.pageInfo.endCursor;
    };
    const query = `query ($one: ID!, $other: ID!, $after: String) { one: node(id: $one) { ...After } other: node(id: $other) { ...After } }
      fragment After on Task { jobs(after: $after) { nodes { id } } }`;
    const { data, errors } = await everyRun(query, { one, other, after: await cursorOf(one) });
    expect(data.one.jobs.nodes).toHaveLength(5);
    expect(data.other).toBeNull();
    expect(errors).toMatchObject([{ path: ["other", "jobs"], extensions: { code: "BAD_USER_INPUT" } }]);
  });

  test("several queries with 65 aliases do not keep other searches from running", async () => {
    const aliases = Array.from({ length: 65 }, (_, n) => `a${n}: jobs(first: ${n + 1}) { pageInfo { hasNextPage } }`);
    const crowd = Array.from({ length: 6 }, () =>
      owner.query(`{ node(id: "${ids[6]}") { ... on Task { ${aliases.join(" ")} } } }`),
    );
    const responses = await Promise.all([...crowd, owner.query("{ tasks(first: 1) { totalCount } }")]);
    expect(responses.map(({ body }) => body.errors)).toEqual(responses.map(() => undefined));
  });
});
