import { readFileSync } from "node:fs";
import { getIntrospectionQuery } from "graphql";
import { describe, expect, test } from "vitest";
import { GRAPHQL_LIMITS, MAX_COST } from "../../src/graphql/limits/limits.ts";
import { exampleTabs } from "../../src/http/graphiql/page/examples.ts";
import { aTask, someJobs } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer();
const owner = await server.as();
const taskId = await aTask(server.sql, { user_id: owner.userId });
await someJobs(server.sql, taskId, 100);

const query = (document: string, variables: object = {}) =>
  owner.query(document, variables, { Accept: "application/graphql-response+json" });
const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join(" ");
const page = (selection: string, limit = 1) => `taskJobs(taskId: "${taskId}", limit: ${limit}) { ${selection} }`;

const EMAIL = `id email status deliverability isRoleBased isDisposable hasMxRecords hasReverseDns domainName hostName
  serverType isCatchall validatedAt unknownReason needsPhysicalVerify`;
const JOB = `id taskId emailAddress status createdAt updatedAt email { ${EMAIL} }`;
const INTROSPECTION = getIntrospectionQuery({
  descriptions: true,
  specifiedByUrl: true,
  directiveIsRepeatable: true,
  schemaDescription: true,
  inputValueDeprecation: true,
  oneOf: true,
});

const queryTabs = exampleTabs("").filter((tab) => !/^subscription/m.test(tab.query));

describe("legitimate documents", () => {
  test.each([
    ["GraphiQL's introspection", INTROSPECTION],
    [
      "the REST document",
      ["task-job", "job-fields"].map((name) => readFileSync(`src/task-jobs/${name}.rest.graphql`, "utf8")).join("\n"),
    ],
    // The tests of GraphiQL's subscriptions send the others.
    ...queryTabs.map((tab, index) => [`GraphiQL's tab ${index + 1}`, tab.query]),
  ])("%s passes every limit", async (_name, document = "") => {
    const { status, body } = await query(document, { taskId, id: taskId, limit: 100, offset: 0 });
    expect([status, body.errors]).toEqual([200, undefined]);
  });

  test("four pages of 100 jobs with every field, composed of fragments, pass every limit", async () => {
    const document = `{ ${times(4, (n) => `page${n}: ${page("...Page", 100)}`)} }
      fragment Page on TaskJobs { jobs { ...Job } count limit offset } fragment Job on TaskJob { ${JOB} }`;
    const { status, body } = await query(document);
    expect(status).toBe(200);
    expect(body.data.page3.jobs).toHaveLength(100);
  });
});

describe("the limits", () => {
  const nested = (levels: number) => `{ ${"taskJobs { ".repeat(levels - 1)} count ${"}".repeat(levels - 1)} }`;
  const types = (levels: number) =>
    `{ __schema { types { fields { type { ${"ofType { ".repeat(levels - 5)} name ${"}".repeat(levels - 5)} } } } } }`;
  const limits: [keyof typeof GRAPHQL_LIMITS, (count: number) => string][] = [
    ["lines", (count) => `{ __typename }${"\n".repeat(count - 1)}`],
    ["introspectionDepth", types],
    ["rootFields", (count) => `{ ${times(count, () => "__typename")} }`],
    ["rootAliases", (count) => `{ ${times(count, (n) => `a${n}: __typename`)} }`],
    ["directives", (count) => `{ ${page(times(count, (n) => `a${n}: count @skip(if: false)`))} }`],
    ["spreads", (count) => `{ ${page(times(count, (n) => `... { a${n}: count }`))} }`],
    [
      "fields",
      (count) => `fragment Fifty on TaskJob { ${times(49, (n) => `b${n}: id`)} }
        { ${page(`${times(9, (n) => `c${n}: jobs { ...Fifty }`)} ${times(count - 451, (n) => `a${n}: count`)}`)} }`,
    ],
  ];
  test.each(limits)(
    "a document at the limit of %s is answered, and one above it is refused",
    async (name, document) => {
      const allowed = GRAPHQL_LIMITS[name];
      expect((await query(document(allowed))).body.errors).toBeUndefined();
      const { status, body } = await query(document(allowed + 1));
      expect(status).toBe(400);
      expect(body).toEqual({
        errors: [
          {
            message: expect.stringContaining(`more than ${allowed} `),
            extensions: { code: "GRAPHQL_VALIDATION_FAILED", limit: { name, allowed } },
          },
        ],
      });
    },
  );

  const limitOf = async (document: string) => (await query(document)).body.errors?.[0].extensions.limit?.name;

  test("the depth is limited, and fragments count where they are spread", async () => {
    const { depth } = GRAPHQL_LIMITS;
    expect(await limitOf(nested(depth))).toBeUndefined();
    expect(await limitOf(nested(depth + 1))).toBe("depth");
    const [half, close] = ["taskJobs { ".repeat(depth / 2), "}".repeat(depth / 2)];
    const spread = `{ ${half} ...F ${close} } fragment F on TaskJobs { ${half} ... { count } ${close} }`;
    expect(await limitOf(spread)).toBe("depth");
  });

  test("a document with one token more than the limit is refused", async () => {
    const document = (tokens: number) => `{${"count ".repeat(tokens - 2)}}`;
    expect(await limitOf(document(GRAPHQL_LIMITS.tokens))).toBe("rootFields");
    expect(await limitOf(document(GRAPHQL_LIMITS.tokens + 1))).toBe("tokens");
  });

  test("63 fields of one name, which are 1,953 pairs, are answered, and 64 are refused", async () => {
    expect(await limitOf(`{ ${page("count ".repeat(63))} }`)).toBeUndefined();
    expect(await limitOf(`{ ${page("count ".repeat(64))} }`)).toBe("repeats");
  });

  test("fragments that are never spread count as well", async () => {
    expect(await limitOf(`{ __typename } fragment F on TaskJobs { ${"count ".repeat(64)} }`)).toBe("repeats");
  });
});

describe("conflicts and cycles", () => {
  const errorOf = async (document: string) => {
    const { message, locations } = (await query(document)).body.errors[0];
    return { message, locations: locations?.length };
  };
  test("a conflict of names or of arguments is refused with the message of graphql-js", async () => {
    expect(await errorOf(`{ ${page("a: count a: limit")} }`)).toEqual({
      message: expect.stringContaining('Fields "a" conflict because "count" and "limit" are different fields'),
      locations: 2,
    });
    expect(await errorOf(`{ ${page("count", 1)} ${page("limit", 2)} }`)).toEqual({
      message: expect.stringContaining('Fields "taskJobs" conflict because they have differing arguments'),
      locations: 2,
    });
  });

  test("fields with the same name and arguments are merged", async () => {
    const { body } = await query(`{ ${page("jobs { id }")} ... on Query { ${page("count jobs { id status }")} } }`);
    expect(body.data.taskJobs).toMatchObject({ count: 100, jobs: [{ status: "COMPLETED" }] });
  });

  test("a fragment that spreads itself through another fragment is refused with the message of graphql-js", async () => {
    const ring = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }";
    expect((await errorOf(ring)).message).toBe('Cannot spread fragment "A" within itself.');
  });
});

describe("cost", () => {
  const costOf = async (document: string, variables: object = {}) =>
    (await query(document, variables)).body.extensions.cost;

  test("the cost in a GraphQL response is the number of its fields", async () => {
    const document = `{ ${page(`jobs { ${JOB} } count limit offset`, 100)} }`;
    const { body } = await query(document);
    const fields = (value: object): number =>
      Object.values(value).reduce((sum: number, item: unknown) => {
        if (Array.isArray(item)) return sum + 1 + item.reduce((rows, row) => rows + fields(row), 0);
        return sum + 1 + (item !== null && typeof item === "object" ? fields(item) : 0);
      }, 0);
    expect(body.extensions).toEqual({ cost: { requested: fields(body.data), limit: MAX_COST } });
    expect(body.extensions.cost.requested).toBe(2205);
  });

  test("the cost depends on the variables and defaults of each request", async () => {
    const document = `query ($limit: Int! = 20) { taskJobs(taskId: "${taskId}", limit: $limit) { jobs { id } } }`;
    expect((await costOf(document)).requested).toBe(22);
    expect((await costOf(document, { limit: 7 })).requested).toBe(9);
    expect((await costOf(document, { limit: 7 })).requested).toBe(9);
    // The third run and those after it are compiled.
    expect((await costOf(document, { limit: 100 })).requested).toBe(102);
    expect((await costOf(`{ taskJobs(taskId: "${taskId}") { jobs { id } } }`)).requested).toBe(12);
  });

  test("a REST response does not contain the cost", async () => {
    const response = await owner.get(`/api/v1/tasks/${taskId}/jobs`);
    expect(Object.keys(JSON.parse(await response.text()))).toEqual(["jobs", "count", "limit", "offset"]);
  });

  test("a query above the cost limit is refused before the database is read, interpreted and compiled", async () => {
    const document = `query ($limit: Int!) { ${times(5, (n) => `p${n}: taskJobs(taskId: "${taskId}", limit: $limit) { jobs { ${JOB} } }`)} }`;
    const refused = {
      errors: [
        {
          message: "The query could cost 11010 fields, and the limit is 10000: request fewer rows or fields",
          extensions: {
            code: "BAD_USER_INPUT",
            limit: { name: "cost", allowed: MAX_COST },
            cost: { requested: 11_010, limit: MAX_COST },
          },
        },
      ],
    };
    for (let time = 1; time <= 5; time += 1) {
      const statements = await server.countStatements(async () => {
        expect(await query(document, { limit: 100 })).toMatchObject({ status: 400, body: refused });
      });
      // Authentication reads the credential.
      expect(statements).toBeLessThanOrEqual(1);
    }
    expect((await query(document, { limit: 50 })).body.errors).toBeUndefined();
    expect((await query(document, { limit: 100 })).status).toBe(400);
  });

  test("a page size out of bounds is refused with the name of the argument and not with its cost", async () => {
    const { body } = await query(`{ taskJobs(taskId: "${taskId}", limit: 2147483647) { jobs { id } } }`);
    expect(body.errors[0].extensions.details).toEqual([{ field: "limit", reason: expect.any(String) }]);
  });
});
