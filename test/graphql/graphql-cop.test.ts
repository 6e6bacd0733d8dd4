import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aTask } from "../support/builders.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

// The thirteen checks of graphql-cop 1.14 as assertions, with a valid credential.

let open: TestServer;
let closed: TestServer;
let viewer: Awaited<ReturnType<TestServer["as"]>>;
let closedViewer: Awaited<ReturnType<TestServer["as"]>>;

beforeAll(async () => {
  open = await startTestServer();
  closed = await startTestServer({ environment: { GRAPHIQL: "off" } });
  viewer = await open.as();
  closedViewer = await closed.as();
});
afterAll(async () => {
  await open.close();
  await closed.close();
});

const JSON_BODY = { "Content-Type": "application/json", Accept: "application/graphql-response+json" };

async function answerTo(path: string, init: RequestInit = {}, who = viewer) {
  const response = await who.get(path, init);
  const text = await response.text();
  expect(text).not.toMatch(/apollo/i);
  expect(response.headers.get("x-powered-by")).toBeNull();
  return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) };
}

const post = (body: unknown, who = viewer) =>
  answerTo("/graphql", { method: "POST", headers: JSON_BODY, body: JSON.stringify(body) }, who);

describe("denial of service", () => {
  test("101 aliases of one field are refused", async () => {
    const aliases = Array.from({ length: 101 }, (_, n) => `alias${n}:__typename`).join(" ");
    const { status, json } = await post({ query: `query cop { ${aliases} }` });
    expect(status).toBe(400);
    expect(json().data).toBeUndefined();
  });

  test("ten queries in one array are refused", async () => {
    const { status, json } = await post(Array.from({ length: 10 }, () => ({ query: "query cop { __typename }" })));
    expect(status).toBe(400);
    expect(json().errors[0].message).toBe("Operation batching disabled.");
  });

  test("ten directives on one field cause fewer than ten errors", async () => {
    const { status, json } = await post({ query: `query cop { __typename ${"@aa".repeat(10)} }` });
    expect(status).toBe(400);
    expect(json().errors.length).toBeLessThan(10);
  });

  test("a field that is repeated 500 times is refused", async () => {
    expect((await post({ query: `query cop { ${"__typename ".repeat(500)} }` })).status).toBe(400);
  });

  test("circular introspection is refused even if introspection is on", async () => {
    const circles = `{ __schema { types { ${"fields { type { ".repeat(4)} name ${"} }".repeat(4)} } } }`;
    const { status, json } = await post({ query: `query cop ${circles}` });
    expect(status).toBe(400);
    expect(json().data).toBeUndefined();
  });
});

describe("information", () => {
  test("introspection is off if GraphiQL is off", async () => {
    const query = "query cop { __schema { types { name fields { name } } } }";
    expect((await post({ query })).status).toBe(200);
    expect((await post({ query }, closedViewer)).json().data).toBeUndefined();
  });

  test("error messages contain no suggestions if GraphiQL is off", async () => {
    const query = "query cop { __schema { directive } }";
    expect((await post({ query }, closedViewer)).text).not.toMatch(/did you mean/i);
    expect((await post({ query: "{ taskJob }" }, closedViewer)).text).not.toMatch(/did you mean|taskJobs/i);
  });

  test.each(["/graphiql", "/playground", "/console", "/graphql", "/altair", "/voyager"])(
    "%s shows no console if GraphiQL is off",
    async (path) => {
      const { status, text } = await answerTo(path, { headers: { Accept: "text/html" } }, closedViewer);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(text).not.toMatch(/graphiql|playground|<html/i);
    },
  );

  test("a response contains no tracing", async () => {
    const { json } = await post({ query: "query cop { __typename }" });
    expect(Object.keys(json().extensions)).toEqual(["cost"]);
  });

  test("an unknown keyword is refused without a stack trace", async () => {
    const { status, json } = await post({ query: "qwerty cop { abc }" });
    expect(status).toBe(400);
    expect(Object.keys(json().errors[0].extensions)).toEqual(["code"]);
  });
});

describe("requests that a browser sends without a preflight", () => {
  const QUERY = encodeURIComponent("query cop { __typename }");
  /** Sends a request without a credential, because a credential needs a preflight. */
  const simple = async (path: string, init: RequestInit) => {
    const response = await fetch(open.url + path, init);
    return { status: response.status, text: await response.text() };
  };

  test("a query by GET needs a header that an HTML form cannot set", async () => {
    expect((await simple(`/graphql?query=${QUERY}`, {})).status).toBe(401);
    expect((await answerTo(`/graphql?query=${QUERY}`)).status).toBe(200);
  });

  test("a mutation by GET is 405", async () => {
    const mutation = encodeURIComponent("mutation cop { __typename }");
    const { status, json } = await answerTo(`/graphql?query=${mutation}`);
    expect([status, json().data]).toEqual([405, undefined]);
  });

  test.each(["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"])(
    "a POST of %s is 415 with a GraphQL error",
    async (type) => {
      const init = { method: "POST", headers: { "Content-Type": type }, body: `query=${QUERY}` };
      expect((await simple("/graphql", init)).status).toBe(401);
      const { status, json } = await answerTo("/graphql", init);
      const message = "The request body must be JSON in UTF-8, plain or compressed with gzip or deflate";
      expect([status, json()]).toEqual([415, { errors: [{ message, extensions: { code: "BAD_REQUEST" } }] }]);
    },
  );

  test("a GET with another Content-Type than JSON is 415", async () => {
    for (const type of ["text/foo", "application/x-www-form-urlencoded", "message/rfc822"]) {
      const { status } = await answerTo(`/graphql?query=${QUERY}`, { headers: { "Content-Type": type } });
      expect(status).toBe(415);
    }
  });

  test("a parameter that is given twice is refused", async () => {
    const { status } = await answerTo(`/graphql?query=${QUERY}&query=${QUERY}`);
    expect(status).toBe(400);
  });
});

describe("features of Apollo Server", () => {
  test("persisted queries are refused", async () => {
    const persistedQuery = { version: 1, sha256Hash: "0".repeat(64) };
    for (const query of [undefined, "{ __typename }"]) {
      const { json } = await post({ query, extensions: { persistedQuery } });
      expect(json().errors[0].extensions.code).toBe("PERSISTED_QUERY_NOT_SUPPORTED");
    }
  });

  test("incremental delivery is refused", async () => {
    const task = await aTask(open.sql, { user_id: viewer.userId });
    const query = `{ taskJobs(taskId: "${task}") { ... @defer { count } } }`;
    const { json } = await post({ query });
    expect(json().errors[0].message).toContain("@defer");
    const accept = { ...JSON_BODY, Accept: "multipart/mixed;deferSpec=20220824" };
    const multipart = await answerTo("/graphql", { method: "POST", headers: accept, body: '{"query":"{__typename}"}' });
    expect(multipart.status).toBe(406);
  });

  test.each([
    "null",
    "1",
    '"x"',
    "{}",
    '{"query":1}',
    '{"query":{"kind":"Document"}}',
    '{"query":"{a}","variables":"x"}',
  ])("the body %s is refused without the name of a product", async (body) => {
    expect((await answerTo("/graphql", { method: "POST", headers: JSON_BODY, body })).status).toBe(400);
  });
});
