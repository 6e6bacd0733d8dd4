import { describe, expect, test } from "vitest";
import { aTask, someJobs } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

const JOBS = 250;
const HUGE = 2_147_480_000;

const server = await sharedTestServer({ environment: { RATE_LIMIT: "1000/h" } });
const owner = await server.as();
const taskId = await aTask(server.sql, { user_id: owner.userId });
await someJobs(server.sql, taskId, JOBS);

const aliases = (count: number, field: (index: number) => string) =>
  `{ ${Array.from({ length: count }, (_, index) => `a${index}: ${field(index)}`).join(" ")} }`;
const pointsLeft = (headers: Headers) => Number(/r=(\d+)/.exec(headers.get("ratelimit") ?? "")?.[1]);

async function pointsOf(work: () => Promise<{ headers: Headers }>) {
  const { headers: before } = await owner.get(`/api/v1/tasks/${taskId}/jobs?limit=1`);
  return pointsLeft(before) - pointsLeft((await work()).headers);
}

describe("offsets", () => {
  test.each([JOBS, HUGE])(
    "a REST page past the end, at offset %i, is empty with the count and costs one point",
    async (offset) => {
      for (const filter of ["", "&status=completed"]) {
        const points = await pointsOf(async () => {
          const response = await owner.get(`/api/v1/tasks/${taskId}/jobs?limit=100&offset=${offset}${filter}`);
          expect(response.status).toBe(200);
          expect(await response.json()).toEqual({ jobs: [], count: JOBS, limit: 100, offset });
          return response;
        });
        expect(points).toBe(1);
      }
    },
  );

  test("a GraphQL page at the largest offset is empty and costs 1,000 more fields", async () => {
    const document = (offset: number) =>
      `{ taskJobs(taskId: "${taskId}", limit: 100, offset: ${offset}) { jobs { id } count } tasks(offset: ${offset}) { nodes { id } totalCount } }`;
    const { body: shallow } = await owner.query(document(0));
    const { status, body } = await owner.query(document(2_147_483_647));
    expect([status, body.data]).toEqual([
      200,
      { taskJobs: { jobs: [], count: JOBS }, tasks: { nodes: [], totalCount: 1 } },
    ]);
    expect(body.extensions.cost.requested - shallow.extensions.cost.requested).toBe(2000);
  });

  test("15 aliases with huge offsets are refused before any statement is sent", async () => {
    const documents = [
      aliases(15, (n) => `taskJobs(taskId: "${taskId}", offset: ${HUGE + n}) { count jobs { id } }`),
      aliases(15, (n) => `taskJobs(taskId: "${taskId}", offset: ${HUGE + n}, filter: { status: [FAILED] }) { count }`),
      aliases(15, (n) => `tasks(offset: ${HUGE + n}) { totalCount }`),
    ];
    for (const document of documents) {
      const statements = await server.countStatements(async () => {
        const { body } = await owner.query(document);
        expect(body.errors[0].message).toMatch(/could cost 15\d{3} fields, and the limit is 10000/);
        expect(body.errors[0].extensions).toMatchObject({ code: "BAD_USER_INPUT", limit: { name: "cost" } });
      });
      // The lookup of the API key.
      expect(statements).toBeLessThanOrEqual(1);
    }
  });

  test("nine aliases with huge offsets are accepted and cost four points", async () => {
    const variables = { offset: HUGE };
    const fields = aliases(9, () => `taskJobs(taskId: "${taskId}", offset: $offset) { count }`);
    const points = await pointsOf(async () => {
      const answer = await owner.query(`query ($offset: Int!) ${fields}`, variables);
      expect(answer.body.data.a8).toEqual({ count: JOBS });
      return answer;
    });
    expect(points).toBe(4);
  });
});

describe("progress", () => {
  const filtered = (index: number) => `progress(filter: { addressContains: "u${index}" }) { total }`;

  test("45 aliases of a filtered progress are refused before any statement is sent", async () => {
    const document = `{ task(id: "${taskId}") ${aliases(45, filtered)} }`;
    const statements = await server.countStatements(async () => {
      const { body } = await owner.query(document);
      expect(body.errors[0].message).toMatch(/could cost 22\d{3} fields, and the limit is 10000/);
    });
    expect(statements).toBeLessThanOrEqual(1);
  });

  test("the progress of 100 tasks is answered, with and without a filter", async () => {
    const document = `{ tasks(first: 100) { nodes { progress { total percent } found: ${filtered(1)} } } }`;
    const { status, body } = await owner.query(document);
    expect([status, body.data.tasks.nodes[0].progress.total]).toEqual([200, JOBS]);
  });
});
