import { isIntrospectionType, isSpecifiedScalarType } from "graphql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildTaskJobsSchema } from "../../src/graphql/schema.ts";
import { sharedTestServer, startTestServer, type TestServer } from "../support/test-server.ts";
import { worstDocuments } from "../support/worst-documents.ts";

const server = await sharedTestServer();
const owner = await server.as();

const post = (body: object, who = owner) =>
  who.get("/graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/graphql-response+json" },
    body: JSON.stringify(body),
  });

const MAX_CPU_MS = 20;
const MAX_ANSWER_BYTES = 4096;
const RUNS = 9;

describe("the worst documents", () => {
  beforeAll(async () => {
    for (let warmUp = 0; warmUp < 50; warmUp += 1) await (await post({ query: "{ x }" })).text();
  });

  test.each(Object.entries(worstDocuments()))(
    "a document of %s takes under 20 ms and is refused in under 4 KB",
    async (_name, query) => {
      const cpuMs: number[] = [];
      for (let run = 0; run < RUNS; run += 1) {
        const before = process.cpuUsage();
        const response = await post({ query });
        const text = await response.text();
        const { user, system } = process.cpuUsage(before);
        cpuMs.push((user + system) / 1000);

        expect(response.status).toBe(400);
        expect(Buffer.byteLength(text)).toBeLessThan(MAX_ANSWER_BYTES);
        expect(text).not.toMatch(/call stack|apollo|node_modules/i);
        expect(["GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"]).toContain(
          JSON.parse(text).errors[0].extensions.code,
        );
      }
      // The client is included. The minimum excludes what other processes on the machine add.
      expect(Math.min(...cpuMs)).toBeLessThan(MAX_CPU_MS);
    },
  );
});

describe("hostile variables", () => {
  const PAGE = "query ($taskId: UUID!, $limit: Int) { taskJobs(taskId: $taskId, limit: $limit) { count } }";
  const deep = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
  test.each<[string, string]>([
    ["a list of 40,000 levels", `{"taskId":${deep(40_000)}}`],
    ["an id of 90 KB", `{"taskId":"${"x".repeat(90_000)}"}`],
    ["an id with NUL", String.raw`{"taskId":"\u0000"}`],
    ["an id of a lone surrogate", String.raw`{"taskId":"\ud800"}`],
    ["a limit of 2^31", '{"taskId":"00000000-0000-4000-8000-000000000000","limit":2147483648}'],
    ["a limit of 2^63", '{"taskId":"00000000-0000-4000-8000-000000000000","limit":9223372036854775808}'],
    ["a limit of infinity", '{"taskId":"00000000-0000-4000-8000-000000000000","limit":1e309}'],
    ["a limit of one half", '{"taskId":"00000000-0000-4000-8000-000000000000","limit":0.5}'],
    ["a prototype", '{"__proto__":{"taskId":"00000000-0000-4000-8000-000000000000"}}'],
    ["a constructor", '{"constructor":{"prototype":{"polluted":1}}}'],
  ])("a variable with %s is refused in under 4 KB", async (_name, variables) => {
    const response = await owner.get("/graphql", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/graphql-response+json" },
      body: `{"query":${JSON.stringify(PAGE)},"variables":${variables}}`,
    });
    const text = await response.text();
    expect(response.status).toBe(400);
    expect(Buffer.byteLength(text)).toBeLessThan(MAX_ANSWER_BYTES);
    expect(JSON.parse(text).errors[0].extensions.code).toBe("BAD_USER_INPUT");
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe("messages with GRAPHIQL=off", () => {
  let closed: TestServer;
  let viewer: Awaited<ReturnType<TestServer["as"]>>;
  beforeAll(async () => {
    closed = await startTestServer({ environment: { GRAPHIQL: "off" } });
    viewer = await closed.as();
  });
  afterAll(() => closed.close());

  const TASK = '"00000000-0000-4000-8000-000000000000"';
  const MISTAKES: [string, object?][] = [
    ["{ taskJob { id } }"],
    ["{ taskJobs { count } }"],
    [`{ taskJobs(taskId: ${TASK}) }`],
    [`{ taskJobs(taskId: ${TASK}) { jobs } }`],
    [`{ taskJobs(taskId: ${TASK}) { count { x } } }`],
    [`{ taskJobs(taskId: ${TASK}) { jobs { emails { id } } } }`],
    [`{ taskJobs(taskId: ${TASK}, limits: 1) { count } }`],
    [`{ taskJobs(taskId: 1) { count } }`],
    [`{ taskJobs(taskId: ${TASK}, limit: "1") { count } }`],
    [`{ taskJobs(taskId: ${TASK}) { ... on String { x } } }`],
    [`query ($id: String) { taskJobs(taskId: $id) { count } }`, { id: "x" }],
    [`query ($id: UID) { taskJobs(taskId: $id) { count } }`],
    ["query ($id: [Int]) { taskJobs(taskId: $id) { count } }"],
    [String.raw`query ($s: String = "\"") { taskJobs(taskId: $s) { count } }`],
    ["mutation { x }"],
    ["subscription { x }"],
    ["{ __typename @skip }"],
    ["{ __typename @skp(if: true) }"],
  ];
  const names = Object.values(buildTaskJobsSchema().getTypeMap())
    .filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type) && type.name !== "UUID")
    .map((type) => type.name);

  test.each(MISTAKES)(
    "the error of %s contains no type, no suggestion and no missing argument",
    async (query, variables) => {
      const { errors } = JSON.parse(await (await post({ query, variables }, viewer)).text());
      expect(errors.length).toBeGreaterThan(0);
      const messages = errors.map((error: { message: string }) => error.message).join("\n");
      expect(messages).not.toMatch(/did you mean|introspect|apollo/i);
      expect(messages).not.toMatch(new RegExp(`\\b(${names.join("|")})\\b|"UUID|argument "taskId"`));
    },
  );

  test("with GraphiQL the message contains a suggestion and a type", async () => {
    const messages = JSON.stringify((await owner.query("{ taskJobz { id } }")).body);
    expect(messages).toMatch(/Did you mean .*taskJobs/);
    expect(messages).toContain("Query");
  });

  test.each(["{ __schema { queryType { name } } }", '{ __type(name: "Email") { name } }'])(
    "the introspection %s is refused without the name of a product",
    async (query) => {
      const { errors } = JSON.parse(await (await post({ query }, viewer)).text());
      expect(errors).toHaveLength(1);
      expect(errors[0].message).toBe("Introspection is switched off on this server");
    },
  );
});
