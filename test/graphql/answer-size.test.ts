import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { GRAPHQL_LIMITS, MAX_ANSWER_BYTES, MAX_NAME_BYTES } from "../../src/graphql/limits/limits.ts";
import { allowAnyTextLength, aTask, someJobs } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer();
const owner = await server.as();
const taskId = await aTask(server.sql, { user_id: owner.userId });
await someJobs(server.sql, taskId, 100);

const NAME = "x".repeat(GRAPHQL_LIMITS.nameLength);
const query = (document: string, variables: object = {}) =>
  owner.query(document, variables, { Accept: "application/graphql-response+json" });
const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join(" ");
const nameOf = (index: number, length: number) => `a${index}_`.padEnd(length, "x");

/** A document with `count` lists of 100 jobs and `names` names of the greatest length in each job. */
const lists = (count: number, names: number) =>
  `{ ${times(count, (n) => `r${n}: taskJobs(taskId: "${taskId}", limit: 100) { jobs { ...F } }`)} }
   fragment F on TaskJob { ${times(names, (n) => `${nameOf(n, NAME.length)}: id`)} }`;

describe("limits of a document in bytes", () => {
  test.each<[string, string, keyof typeof GRAPHQL_LIMITS]>([
    ["an alias of 129 characters", `{ ${NAME}x: __typename }`, "nameLength"],
    ["a fragment's name of 129 characters", `{ ...${NAME}x } fragment ${NAME}x on Query { __typename }`, "nameLength"],
    ["an operation's name of 129 characters", `query ${NAME}x { __typename }`, "nameLength"],
    [
      "a variable's name of 129 characters",
      `query ($${NAME}x: Int) { tasks(first: $${NAME}x) { totalCount } }`,
      "nameLength",
    ],
    ["an alias in a fragment that is not spread", `{ __typename } fragment F on Task { ${NAME}x: id }`, "nameLength"],
    ["a comment of 64 KB", `{ __typename } #${"c".repeat(GRAPHQL_LIMITS.bytes - 15)}`, "bytes"],
    ["a comment of 64 KB in three-byte letters", `{ __typename } #${"€".repeat(GRAPHQL_LIMITS.bytes / 3)}`, "bytes"],
    [
      "a block string of 64 KB",
      `{ task(id: """${"\n".repeat(500)}${" ".repeat(GRAPHQL_LIMITS.bytes)}""") { id } }`,
      "bytes",
    ],
    [
      "more operations than allowed",
      times(GRAPHQL_LIMITS.operations + 1, (n) => `query A${n} { __typename }`),
      "operations",
    ],
  ])("%s is refused with the name of the limit", async (_name, document, limit) => {
    const { status, body } = await query(document);
    expect(status).toBe(400);
    expect(body.errors[0].extensions.limit).toEqual({ name: limit, allowed: GRAPHQL_LIMITS[limit] });
    expect(body.errors[0].message).toContain(`more than ${GRAPHQL_LIMITS[limit]} `);
    expect(body.errors[0].extensions.code).toBe("GRAPHQL_VALIDATION_FAILED");
  });

  test("a document exactly at the limits of bytes, operations and names is answered", async () => {
    const rest = times(GRAPHQL_LIMITS.operations - 1, (n) => `query A${n} { __typename }`);
    const document = `query ${NAME} { ${NAME}: __typename } ${rest} #`;
    const { status, body } = await owner
      .get("/graphql", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ query: document.padEnd(GRAPHQL_LIMITS.bytes, "c"), operationName: NAME }),
      })
      .then(async (response) => ({ status: response.status, body: JSON.parse(await response.text()) }));
    expect([status, body.data]).toEqual([200, { [NAME]: "Query" }]);
  });
});

describe("the bytes of response names", () => {
  test("a request of 287 bytes for a response of 147 MB is refused in under 1 KB", async () => {
    const document = lists(15, 1).replace(nameOf(0, NAME.length), "x".repeat(90_000));
    const response = await owner.get("/graphql", {
      method: "POST",
      headers: { "Content-Type": "application/json", "Content-Encoding": "gzip" },
      body: gzipSync(JSON.stringify({ query: document })),
    });
    const text = await response.text();
    expect(JSON.parse(text).data).toBeUndefined();
    expect(text.length).toBeLessThan(1024);
  });

  const inConnection = `{ tasks(first: 100) { nodes { jobs(first: 10) { edges { node { ...F } } } } } }
    fragment F on TaskJob { ${times(5, (n) => `${nameOf(n, NAME.length)}: id`)} }`;
  const byVariable = `query ($n: Int = 100) { tasks(first: $n) { nodes { ...A ...A } } }
    fragment A on Task { ${times(25, (n) => `${nameOf(n, NAME.length)}: id`)} }`;
  test.each([
    ["lists of the root", () => lists(15, 4)],
    ["a connection in a connection", () => inConnection],
    ["a list whose size is a variable's default, with a fragment that is spread twice", () => byVariable],
  ])("long names in %s are refused before the database is read", async (_name, document) => {
    const statements = await server.countStatements(async () => {
      const { status, body } = await query(document());
      expect(status).toBe(400);
      expect(body.errors[0].extensions).toMatchObject({
        code: "BAD_USER_INPUT",
        limit: { name: "nameBytes", allowed: MAX_NAME_BYTES },
      });
      expect(body.errors[0].message).toContain(String(MAX_NAME_BYTES));
    });
    // Authentication reads the key.
    expect(statements).toBe(1);
  });

  test("names within the limit are answered, and the response has no more bytes of names than were counted", async () => {
    const { status, body } = await query(lists(13, 3));
    expect(status).toBe(200);
    expect(body.data.r12.jobs).toHaveLength(100);
    const names = JSON.stringify(body.data, (_key, value) => (typeof value === "string" ? "" : value));
    expect(names.length).toBeLessThan(MAX_NAME_BYTES + 13 * 100 * 3 * 2);
  });
});

describe("the bytes of texts in a response", () => {
  let longTaskId: string;
  beforeAll(async () => {
    longTaskId = await aTask(server.sql, { user_id: owner.userId });
    await someJobs(server.sql, longTaskId, 100);
    await allowAnyTextLength(server.sql);
    await server.sql`update task_email_jobs set email_address = repeat('é', 5_000) where task_id = ${longTaskId}`;
  });
  const pages = (count: number) =>
    times(count, (n) => `p${n}: taskJobs(taskId: "${longTaskId}", limit: 100) { jobs { emailAddress } }`);

  test("ten pages of 100 long texts are 400 and name the limit, interpreted and compiled", async () => {
    for (let run = 1; run <= 4; run += 1) {
      const { status, body } = await query(`{ ${pages(10)} }`);
      expect(status).toBe(400);
      expect(body.data).toBeNull();
      expect(body.errors).toHaveLength(1);
      expect(body.errors[0].message).toContain(`more than ${MAX_ANSWER_BYTES} bytes`);
      expect(body.errors[0].extensions).toMatchObject({ code: "BAD_USER_INPUT", limit: { name: "answerBytes" } });
    }
  });

  test("one long text under many aliases counts once for each alias", async () => {
    const aliases = times(8, (n) => `a${n}: emailAddress`);
    const { body } = await query(`{ taskJobs(taskId: "${longTaskId}", limit: 100) { jobs { ${aliases} } } }`);
    expect(body.errors[0].extensions.limit.name).toBe("answerBytes");
  });

  test("one page of 100 long texts is answered on both APIs", async () => {
    const response = await owner.get(`/api/v1/tasks/${longTaskId}/jobs?limit=100`);
    expect(response.status).toBe(200);
    expect(JSON.parse(await response.text()).jobs).toHaveLength(100);
    expect((await query(`{ ${pages(1)} }`)).body.data.p0.jobs).toHaveLength(100);
  });
});
