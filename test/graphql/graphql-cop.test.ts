import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aTask } from "../support/builders.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

/** What graphql-cop 1.14 looks for, its thirteen checks as assertions, asked with a good credential. */

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

const ask = (body: unknown, who = viewer) =>
  answerTo("/graphql", { method: "POST", headers: JSON_BODY, body: JSON.stringify(body) }, who);

describe("denial of service", () => {
  test("101 aliases of one field are refused", async () => {
    const aliases = Array.from({ length: 101 }, (_, n) => `alias${n}:__typename`).join(" ");
    const { status, json } = await ask({ query: `query cop { ${aliases} }` });
    expect(status).toBe(400);
    expect(json().data).toBeUndefined();
  });

  test("ten queries in one array are refused", async () => {
    const { status, json } = await ask(Array.from({ length: 10 }, () => ({ query: "query cop { __typename }" })));
    expect(status).toBe(400);
    expect(json().errors[0].message).toBe("Operation batching disabled.");
  });

  test("ten directives in one place do not make ten errors", async () => {
    const { status, json } = await ask({ query: `query cop { __typename ${"@aa".repeat(10)} }` });
    expect(status).toBe(400);
    expect(json().errors.length).toBeLessThan(10);
  });

  test("a field 500 times over is refused", async () => {
    expect((await ask({ query: `query cop { ${"__typename ".repeat(500)} }` })).status).toBe(400);
  });

  test("introspection in circles is refused even where introspection is on", async () => {
    const circles = `{ __schema { types { ${"fields { type { ".repeat(4)} name ${"} }".repeat(4)} } } }`;
    const { status, json } = await ask({ query: `query cop ${circles}` });
    expect(status).toBe(400);
    expect(json().data).toBeUndefined();
  });
});

describe("leaks", () => {
  test("introspection is off where GraphiQL is off", async () => {
    const query = "query cop { __schema { types { name fields { name } } } }";
    expect((await ask({ query })).status).toBe(200);
    expect((await ask({ query }, closedViewer)).json().data).toBeUndefined();
  });

  test("there are no suggestions where GraphiQL is off", async () => {
    const query = "query cop { __schema { directive } }";
    expect((await ask({ query }, closedViewer)).text).not.toMatch(/did you mean/i);
    expect((await ask({ query: "{ taskJob }" }, closedViewer)).text).not.toMatch(/did you mean|taskJobs/i);
  });

  test.each(["/", "/graphiql", "/playground", "/console", "/graphql", "/altair", "/voyager"])(
    "%s shows no console where GraphiQL is off",
    async (path) => {
      const { status, text } = await answerTo(path, { headers: { Accept: "text/html" } }, closedViewer);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(text).not.toMatch(/graphiql|playground|<html/i);
    },
  );

  test("there is no tracing", async () => {
    const { json } = await ask({ query: "query cop { __typename }" });
    expect(Object.keys(json().extensions)).toEqual(["cost"]);
  });

  test("an unknown keyword is no exception", async () => {
    const { status, json } = await ask({ query: "qwerty cop { abc }" });
    expect(status).toBe(400);
    expect(Object.keys(json().errors[0].extensions)).toEqual(["code"]);
  });
});

describe("requests that a browser sends without asking", () => {
  const QUERY = encodeURIComponent("query cop { __typename }");
  /** Neither a credential nor anything else that needs a preflight: who the viewer is was refused before. */
  const simple = async (path: string, init: RequestInit) => {
    const response = await fetch(open.url + path, init);
    return { status: response.status, text: await response.text() };
  };

  test("a query by GET needs a header that no form can set", async () => {
    expect((await simple(`/graphql?query=${QUERY}`, {})).status).toBe(401);
    expect((await answerTo(`/graphql?query=${QUERY}`)).status).toBe(200);
  });

  test("a mutation by GET is 405", async () => {
    const mutation = encodeURIComponent("mutation cop { __typename }");
    const { status, json } = await answerTo(`/graphql?query=${mutation}`);
    expect([status, json().data]).toEqual([405, undefined]);
  });

  test.each(["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"])(
    "a POST of %s is not executed",
    async (type) => {
      const init = { method: "POST", headers: { "Content-Type": type }, body: `query=${QUERY}` };
      expect((await simple("/graphql", init)).status).toBe(401);
      const { status, json } = await answerTo("/graphql", init);
      expect([status, json().data]).toEqual([400, undefined]);
    },
  );

  test("a GET with another Content-Type than JSON is 415", async () => {
    for (const type of ["text/foo", "application/x-www-form-urlencoded", "message/rfc822"]) {
      const { status } = await answerTo(`/graphql?query=${QUERY}`, { headers: { "Content-Type": type } });
      expect(status).toBe(415);
    }
  });

  test("a doubled parameter is refused", async () => {
    const { status } = await answerTo(`/graphql?query=${QUERY}&query=${QUERY}`);
    expect(status).toBe(400);
  });
});

describe("what Apollo would keep or say", () => {
  test("no query is stored under a hash of the caller's", async () => {
    const persistedQuery = { version: 1, sha256Hash: "0".repeat(64) };
    for (const query of [undefined, "{ __typename }"]) {
      const { json } = await ask({ query, extensions: { persistedQuery } });
      expect(json().errors[0].extensions.code).toBe("PERSISTED_QUERY_NOT_SUPPORTED");
    }
  });

  test("incremental delivery is not on offer", async () => {
    const task = await aTask(open.sql, { user_id: viewer.userId });
    const query = `{ taskJobs(taskId: "${task}") { ... @defer { count } } }`;
    const { json } = await ask({ query });
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
  ])("the body %s is refused without the product's name", async (body) => {
    expect((await answerTo("/graphql", { method: "POST", headers: JSON_BODY, body })).status).toBe(400);
  });
});
