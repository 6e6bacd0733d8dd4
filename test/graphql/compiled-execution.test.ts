import { beforeEach, describe, expect, test } from "vitest";
import { anEmail, aTask, someJobs } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

/** The third run of a document and those after it may be executed by compiled code. */
const RUNS = 5;

let unique = 0;

const server = await sharedTestServer();
const owner = await server.as();
const taskId = await aTask(server.sql, { user_id: owner.userId });
await someJobs(server.sql, taskId, 3);
beforeEach(() => {
  server.logLines.length = 0;
});

interface Request {
  readonly query: string;
  readonly variables?: object | null;
  readonly operationName?: string;
}

/** The responses to a document that no other test sends, one for each run. */
async function runsOf({ query, ...rest }: Request, method: "GET" | "POST" = "POST") {
  unique += 1;
  const parts = { query: `${query} # ${unique}`, ...rest };
  const answers: { status: number; text: string }[] = [];
  for (let run = 1; run <= RUNS; run += 1) {
    const inUrl = new URLSearchParams({ ...parts, variables: JSON.stringify(rest.variables ?? {}) });
    const response =
      method === "POST"
        ? await owner.get("/graphql", {
            method,
            headers: { "Content-Type": "application/json", Accept: "application/graphql-response+json" },
            body: JSON.stringify(parts),
          })
        : await owner.get(`/graphql?${inUrl}`, { headers: { Accept: "application/graphql-response+json" } });
    answers.push({ status: response.status, text: await response.text() });
  }
  return answers;
}

async function sameInAllRuns(request: Request, method?: "GET" | "POST") {
  const [first = { status: 0, text: "" }, ...others] = await runsOf(request, method);
  for (const answer of others) expect(answer).toEqual(first);
  return { status: first.status, body: JSON.parse(first.text), text: first.text };
}

describe("operation names", () => {
  const TWO = "query A { viewer { isAdmin } } query B { viewer { userId } }";
  test.each<[string, string | undefined, string]>([
    ["{ viewer { isAdmin } }", "X", 'Unknown operation named "X".'],
    ["{ viewer { isAdmin } }", "__proto__", 'Unknown operation named "__proto__".'],
    ["{ viewer { isAdmin } }", "constructor", 'Unknown operation named "constructor".'],
    ["query A { viewer { isAdmin } }", "B", 'Unknown operation named "B".'],
    ["query A { viewer { isAdmin } }", "a", 'Unknown operation named "a".'],
    ["query A { viewer { isAdmin } fragment: __typename }", "fragment", 'Unknown operation named "fragment".'],
    ["query A { ...F } fragment F on Query { viewer { isAdmin } }", "F", 'Unknown operation named "F".'],
    [TWO, "C", 'Unknown operation named "C".'],
    [TWO, undefined, "Must provide operation name if query contains multiple operations."],
  ])("%s with the operation name %s is refused in every run", async (query, operationName, message) => {
    const request = operationName === undefined ? { query } : { query, operationName };
    for (const method of ["POST", "GET"] as const) {
      const { status, body } = await sameInAllRuns(request, method);
      expect(status).toBe(400);
      expect(body).toEqual({ errors: [{ message, extensions: { code: "OPERATION_RESOLUTION_FAILURE" } }] });
    }
  });

  test("an empty operation name in a body is unknown in every run", async () => {
    const { status, body } = await sameInAllRuns({ query: "{ viewer { isAdmin } }", operationName: "" });
    expect([status, body.data, body.errors[0].message]).toEqual([400, undefined, 'Unknown operation named "".']);
  });

  test("null instead of variables means no variables in every run", async () => {
    const query = "query ($limit: Int = 1) { tasks(first: $limit) { nodes { id } } }";
    const { body } = await sameInAllRuns({ query, variables: null });
    expect(body.data.tasks.nodes).toHaveLength(1);
  });

  test("each of two operations is executed by its name", async () => {
    const first = await sameInAllRuns({ query: TWO, operationName: "A" });
    expect(first.body.data).toEqual({ viewer: { isAdmin: false } });
    const second = await sameInAllRuns({ query: TWO, operationName: "B" });
    expect(second.body.data).toEqual({ viewer: { userId: owner.userId } });
  });

  test("a document beyond the cost limit is not executed under any operation name", async () => {
    const page = (n: number) => `p${n}: taskJobs(taskId: "${taskId}", limit: 100) { jobs { ...J } }`;
    const pages = Array.from({ length: 15 }, (_, n) => page(n)).join(" ");
    const query = `query A { ${pages} } fragment J on TaskJob { id status emailAddress createdAt updatedAt taskId email { id } }`;
    for (const operationName of ["A", "X", "", "__proto__"]) {
      const statements = await server.countStatements(async () => {
        for (const { status, text } of await runsOf({ query, operationName })) {
          expect([status, JSON.parse(text).data]).toEqual([400, undefined]);
        }
      });
      // Each request reads at most the credential.
      expect(statements).toBeLessThanOrEqual(RUNS);
    }
  });
});

describe("@skip and @include", () => {
  const F = "fragment F on Viewer { userId }";
  test.each<[string, boolean, string[]]>([
    [`query ($b: Boolean!) { viewer { ...F @skip(if: $b) ...F } } ${F}`, true, ["userId"]],
    [`query ($b: Boolean!) { viewer { ...F ...F @skip(if: $b) } } ${F}`, true, ["userId"]],
    [`query ($b: Boolean!) { viewer { ...F @include(if: $b) isAdmin } } ${F}`, false, ["isAdmin"]],
    ["query ($b: Boolean!) { viewer { userId @skip(if: $b) userId isAdmin } }", true, ["userId", "isAdmin"]],
    ["query ($b: Boolean!) { viewer { isAdmin } viewer @skip(if: $b) { userId } }", true, ["isAdmin"]],
    ["query ($b: Boolean!) { viewer { ... @skip(if: $b) { userId } ... { isAdmin } } }", true, ["isAdmin"]],
    [
      `query ($b: Boolean!) { viewer { ... @include(if: $b) { ...F } ...F isAdmin } } ${F}`,
      false,
      ["userId", "isAdmin"],
    ],
  ])("%s with $b = %s has the same fields in every run", async (query, b, fields) => {
    const { body } = await sameInAllRuns({ query, variables: { b } });
    expect(Object.keys(body.data.viewer)).toEqual(fields);
  });
});

describe("names that JavaScript objects inherit", () => {
  test.each([
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "valueOf",
    "__defineGetter__",
    "__context",
    "__parent",
    "idx0",
  ])("%s is an ordinary name of an alias, a variable, a fragment and an operation in every run", async (name) => {
    const alias = await sameInAllRuns({ query: `{ viewer { ${name}: userId } ${name}: viewer { isAdmin } }` });
    expect(alias.text).toContain(`{"viewer":{"${name}":"${owner.userId}"},"${name}":{"isAdmin":false}}`);

    const variable = { query: `query ($${name}: Int) { tasks(first: $${name}) { nodes { id } } }` };
    const given = await sameInAllRuns({ ...variable, variables: Object.fromEntries([[name, 1000]]) });
    expect(given.body.errors[0].message).toContain("first");
    expect((await sameInAllRuns({ ...variable, variables: Object.fromEntries([[name, 7]]) })).text).toContain(
      '"cost":{"requested":9,',
    );
    expect((await sameInAllRuns(variable)).text).toContain('"cost":{"requested":12,');

    const query = `query ${name} { viewer { ...${name} } } fragment ${name} on Viewer { userId }`;
    const named = await sameInAllRuns({ query, operationName: name });
    expect(named.body.data).toEqual({ viewer: { userId: owner.userId } });
  });

  test("an alias that equals the joined names of a path does not get the selection of that path", async () => {
    const query = `{ jobs_t: taskJobs(taskId: "${taskId}") { jobs { id } } t: task(id: "${taskId}") { jobs { totalCount } } }`;
    const { body } = await sameInAllRuns({ query });
    expect(body.data.jobs_t.jobs).toHaveLength(3);
    expect(body.data.t.jobs.totalCount).toBe(3);
  });
});

test("a text in a document is never run as code", async () => {
  const marker = "__MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74d";
  for (const value of [`${marker}(globalThis.wasRun=1,0)`, "__MAGIC_NAN__57f286b9_4c20_487f_b409_79804ddcb4f8"]) {
    const literal = `{ taskJobs(taskId: "${taskId}", filter: { addressContains: "${value}" }) { count } }`;
    expect((await sameInAllRuns({ query: literal })).body.data.taskJobs.count).toBe(0);
    const byDefault = `query ($text: String = "${value}") { task(id: "${taskId}") { jobs(after: $text) { totalCount } } }`;
    expect((await sameInAllRuns({ query: byDefault })).status).toBe(400);
    expect("wasRun" in globalThis).toBe(false);
  }
});

describe("null for an argument that must not be null", () => {
  const T = () => `taskId: "${taskId}"`;
  test.each<[string, () => Request, string]>([
    [
      "limit",
      () => ({ query: `query ($l: Int) { taskJobs(${T()}, limit: $l) { limit } }`, variables: { l: null } }),
      "limit",
    ],
    [
      "offset",
      () => ({ query: `query ($o: Int) { taskJobs(${T()}, offset: $o) { limit } }`, variables: { o: null } }),
      "offset",
    ],
    [
      "offset of tasks",
      () => ({ query: "query ($o: Int) { tasks(offset: $o) { totalCount } }", variables: { o: null } }),
      "offset",
    ],
    [
      "a required argument whose variable has a default",
      () => ({ query: `query ($t: UUID = "${taskId}") { task(id: $t) { id } }`, variables: { t: null } }),
      "id",
    ],
    [
      "a required argument of a nullable field",
      () => ({
        query: `query ($t: ID = "${taskId}") { node(id: $t) { id } viewer { isAdmin } }`,
        variables: { t: null },
      }),
      "id",
    ],
    [
      "the condition of a root field",
      () => ({ query: "query ($b: Boolean = true) { viewer @skip(if: $b) { isAdmin } }", variables: { b: null } }),
      "if",
    ],
    [
      "the condition of a field",
      () => ({
        query: "query ($b: Boolean = true) { viewer { isAdmin @include(if: $b) userId } }",
        variables: { b: null },
      }),
      "if",
    ],
    [
      "the condition of a field of a list",
      () => ({
        query: `query ($b: Boolean = true) { taskJobs(${T()}) { jobs { id @skip(if: $b) status } } }`,
        variables: { b: null },
      }),
      "if",
    ],
    [
      "an item of a list",
      () => ({
        query: 'query ($s: String = "a") { tasks(filter: { source: [$s] }) { totalCount } }',
        variables: { s: null },
      }),
      "filter",
    ],
    [
      "an id of a list",
      () => ({ query: 'query ($i: ID = "a") { nodes(ids: [$i]) { id } }', variables: { i: null } }),
      "ids",
    ],
  ])(
    "a null for %s is BAD_USER_INPUT, names the argument and is the same in every run",
    async (_, request, argument) => {
      const { status, body } = await sameInAllRuns(request());
      const [error, ...more] = body.errors;
      expect(more).toEqual([]);
      expect(error.extensions).toEqual({ code: "BAD_USER_INPUT" });
      expect(error.message).toMatch(new RegExp(`^Argument "${argument}" `));
      expect(status).toBe(body.data === null ? 400 : 200);
      expect(server.logLines.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
    },
  );
});

test("a page with emails is the same in every run", async () => {
  const task = await aTask(server.sql, { user_id: owner.userId });
  const emailId = await anEmail(server.sql, {});
  await someJobs(server.sql, task, 2);
  await server.sql`update task_email_jobs set email_id = ${emailId} where task_id = ${task}`;
  const query = `{ taskJobs(taskId: "${task}") { jobs { id email { status email } ... on TaskJob { status email { id } } } count } }`;
  expect((await sameInAllRuns({ query })).body.data.taskJobs.jobs).toHaveLength(2);
});
