import { auditServer } from "graphql-http";
import { describe, expect, test } from "vitest";
import { aTask } from "../support/builders.ts";
import { sharedTestServer, startTestServer } from "../support/test-server.ts";

const server = await sharedTestServer();
const owner = await server.as();

const NEW = "application/graphql-response+json";
const OLD = "application/json";

test("all 61 audits of graphql-http pass, the optional ones included", async () => {
  const results = await auditServer({
    url: `${server.url}/graphql`,
    fetchFn: (url: string, init: RequestInit = {}) =>
      fetch(url, { ...init, headers: { "X-API-Key": owner.key, ...init.headers } }),
  });
  const notOk = results.filter((result) => result.status !== "ok");
  expect(notOk.map(({ id, name, status }) => `${id} ${status}: ${name}`)).toEqual([]);
  expect(results).toHaveLength(61);
});

describe("the status", () => {
  const post = async (accept: string, body: object, headers: Record<string, string> = {}) => {
    const response = await owner.get("/graphql", {
      method: "POST",
      headers: { "Content-Type": OLD, Accept: accept, ...headers },
      body: JSON.stringify(body),
    });
    return [response.status, response.headers.get("content-type")?.split(";")[0]];
  };

  test("a well-formed request has a real status with the new media type and 200 with the old one", async () => {
    const taskId = await aTask(server.sql, { user_id: owner.userId });
    const bodies = {
      parse: { query: "{" },
      validation: { query: "{ nothing }" },
      limit: { query: `{ taskJobs(taskId: "${taskId}", limit: 0) { count } }` },
      good: { query: `{ taskJobs(taskId: "${taskId}") { count } }` },
    };
    expect(await post(NEW, bodies.parse)).toEqual([400, NEW]);
    expect(await post(NEW, bodies.validation)).toEqual([400, NEW]);
    expect(await post(NEW, bodies.limit)).toEqual([400, NEW]);
    expect(await post(NEW, bodies.good)).toEqual([200, NEW]);
    for (const body of Object.values(bodies)) expect(await post(OLD, body)).toEqual([200, OLD]);
  });

  test.each([NEW, OLD])("a request without a credential is 401 with %s", async (accept) => {
    const response = await fetch(`${server.url}/graphql`, {
      method: "POST",
      headers: { "Content-Type": OLD, Accept: accept },
      body: JSON.stringify({ query: "{ __typename }" }),
    });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
    expect(response.headers.get("content-type")).toBe(`${accept}; charset=utf-8`);
    expect(JSON.parse(await response.text())).toEqual({
      errors: [{ message: "A valid API key or token is required", extensions: { code: "UNAUTHENTICATED" } }],
    });
  });

  test("a missing table is 500 with the new media type", async () => {
    const taskId = await aTask(server.sql, { user_id: owner.userId });
    await server.sql`alter table task_email_jobs rename to away`;
    const body = { query: `{ taskJobs(taskId: "${taskId}") { jobs { id } } }` };
    const [real] = await post(NEW, body).finally(() => server.sql`alter table away rename to task_email_jobs`);
    expect(real).toBe(500);
  });
});

describe("requests that are not queries", () => {
  test("a mutation over GET is 405 with Allow", async () => {
    const response = await owner.get(`/graphql?query=${encodeURIComponent("mutation { a }")}`);
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
  });

  test("an array of requests is 400", async () => {
    const response = await owner.get("/graphql", {
      method: "POST",
      headers: { "Content-Type": OLD },
      body: JSON.stringify([{ query: "{ __typename }" }]),
    });
    expect(response.status).toBe(400);
  });

  test("PUT /graphql is 405", async () => {
    expect((await owner.get("/graphql", { method: "PUT" })).status).toBe(405);
  });

  test("a query over GET needs no header except the credential", async () => {
    const response = await owner.get(`/graphql?query=${encodeURIComponent("{ __typename }")}`);
    expect(JSON.parse(await response.text()).data).toEqual({ __typename: "Query" });
  });
});

describe("a browser", () => {
  test("a browser that opens /graphql is redirected to GraphiQL", async () => {
    const response = await fetch(`${server.url}/graphql`, { headers: { Accept: "text/html,*/*" }, redirect: "manual" });
    expect([response.status, response.headers.get("location")]).toEqual([302, "/graphiql"]);
  });

  test("GRAPHIQL=off serves neither the page nor the schema", async () => {
    const closed = await startTestServer({ environment: { GRAPHIQL: "off" } });
    try {
      const viewer = await closed.as();
      expect((await viewer.get("/graphiql")).status).toBe(404);
      const { body } = await viewer.query("{ __schema { queryType { name } } }");
      expect(body.errors[0].extensions.code).toBe("GRAPHQL_VALIDATION_FAILED");
      const misspelt = await viewer.query("{ taskJob { id } }");
      expect(JSON.stringify(misspelt.body)).not.toContain("taskJobs");
    } finally {
      await closed.close();
    }
  });
});
