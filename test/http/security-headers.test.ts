import { expect, test } from "vitest";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer();
const owner = await server.as();

const SECURITY_HEADERS = {
  "content-security-policy": "default-src 'none';frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

test.for<[string, string, RequestInit, number]>([
  ["a health check", "/healthz", {}, 200],
  ["a GraphQL response", "/graphql?query=%7B__typename%7D", {}, 200],
  ["a refused id", "/api/v1/tasks/x/jobs", {}, 400],
  ["an unknown path", "/nothing", {}, 404],
  ["a refused credential", "/graphql", { headers: { Authorization: "Bearer x" } }, 401],
  ["a refused method", "/healthz", { method: "PUT" }, 405],
  ["a refused body", "/graphql", { method: "POST", headers: { "Content-Encoding": "br" }, body: "x" }, 415],
])("%s has the security headers and names no software", async ([_name, path, init, status]) => {
  const response = await owner.get(path, init);
  await response.text();
  expect(response.status).toBe(status);
  expect(Object.fromEntries(response.headers)).toMatchObject(SECURITY_HEADERS);
  for (const name of ["x-powered-by", "server", "strict-transport-security", "via"]) {
    expect(response.headers.get(name)).toBeNull();
  }
});

test("the page of GraphiQL has its own content security policy", async () => {
  const response = await owner.get("/graphiql");
  await response.text();
  expect(response.headers.get("content-security-policy")).toContain("script-src 'self'");
  expect(response.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
});

test.each(["utf-7", "utf-16", "utf-32", "iso-8859-1", "utf-8; charset=utf-7", '"utf-7"', "us-ascii"])(
  "a body that declares the charset %s is 415",
  async (charset) => {
    const response = await owner.get("/graphql", {
      method: "POST",
      headers: { "Content-Type": `application/json; charset=${charset}` },
      body: '{"query":"{__typename}"}',
    });
    await response.text();
    expect(response.status).toBe(415);
  },
);

test.each(["utf-8", "UTF-8", '"utf-8"'])("a body that declares the charset %s is accepted", async (charset) => {
  const response = await owner.get("/graphql", {
    method: "POST",
    headers: { "Content-Type": `application/json; charset=${charset}` },
    body: '{"query":"{__typename}"}',
  });
  expect(JSON.parse(await response.text()).data).toEqual({ __typename: "Query" });
});
