import { randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { aTask } from "../support/builders.ts";
import { openapi } from "../support/openapi.ts";
import { sharedTestServer, startTestServer } from "../support/test-server.ts";

const server = await sharedTestServer();
const owner = await server.as();
const path = `/api/v1/tasks/${await aTask(server.sql, { user_id: owner.userId })}/jobs`;

const json = { "Content-Type": "application/json" };

describe("one envelope", () => {
  test.for<[string, () => string, RequestInit, number, string]>([
    ["unknown path", () => "/api/v1/nothing", {}, 404, "NOT_FOUND"],
    ["another media type wanted at the root", () => "/", { headers: { Accept: "image/png" } }, 406, "NOT_ACCEPTABLE"],
    ["path below the endpoint", () => `${path}/x/y`, {}, 404, "NOT_FOUND"],
    ["id of a job that is no UUID", () => `${path}/x`, {}, 400, "VALIDATION_ERROR"],
    ["empty id", () => "/api/v1/tasks//jobs", {}, 404, "NOT_FOUND"],
    ["broken percent-encoding", () => "/api/v1/tasks/%E0%A4%A/jobs", {}, 400, "VALIDATION_ERROR"],
    ["OPTIONS on an unknown asset", () => "/graphiql/assets/api", { method: "OPTIONS" }, 404, "NOT_FOUND"],
    ["POST", () => path, { method: "POST" }, 405, "METHOD_NOT_ALLOWED"],
    ["DELETE", () => path, { method: "DELETE" }, 405, "METHOD_NOT_ALLOWED"],
    ["PUT with JSON", () => path, { method: "PUT", headers: json, body: "{}" }, 405, "METHOD_NOT_ALLOWED"],
    ["another media type wanted", () => path, { headers: { Accept: "image/png" } }, 406, "NOT_ACCEPTABLE"],
    [
      "invalid JSON, which REST does not read",
      () => path,
      { method: "POST", headers: json, body: "{" },
      405,
      "METHOD_NOT_ALLOWED",
    ],
    [
      "oversized body",
      () => path,
      { method: "POST", headers: json, body: `"${"x".repeat(101 * 1024)}"` },
      413,
      "PAYLOAD_TOO_LARGE",
    ],
  ])("an error of REST has the documented envelope: %s", async ([_what, at, init, status, code]) => {
    const response = await owner.get(at(), init);
    const body = JSON.parse(await response.text());
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(body).toEqual({ error: { code, message: expect.any(String), details: expect.any(Array) } });
    expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("a 405 names the allowed methods", async () => {
    const response = await owner.get(path, { method: "PATCH" });
    expect(response.headers.get("allow")).toBe("GET, HEAD, OPTIONS");
  });

  test("a 401 names the scheme and has the same body for every invalid credential", async () => {
    const bodies = await Promise.all(
      ["", "Bearer", "Bearer nonsense", `Bearer tj_${"a".repeat(43)}`, owner.key, "Basic dXNlcjpwYXNz"].map(
        async (credential) => {
          const response = await fetch(server.url + path, { headers: { Authorization: credential } });
          expect(response.status).toBe(401);
          expect(response.headers.get("www-authenticate")).toBe("Bearer");
          return response.text();
        },
      ),
    );
    expect([...new Set(bodies)]).toEqual([
      '{"error":{"code":"UNAUTHORIZED","message":"A valid API key or token is required","details":[]}}',
    ]);
  });

  test("errors of /graphql have the shape of a GraphQL response", async () => {
    const refused = async (init: RequestInit) => {
      const response = await owner.get("/graphql", { method: "POST", ...init });
      return { status: response.status, body: JSON.parse(await response.text()) };
    };
    expect(await refused({ headers: json, body: "{" })).toEqual({
      status: 400,
      body: { errors: [{ message: "The request body is not valid JSON", extensions: { code: "BAD_USER_INPUT" } }] },
    });
    expect((await refused({ headers: { ...json, "Content-Encoding": "br" }, body: "x" })).status).toBe(415);
    const oddCharset = { "Content-Type": "application/json; charset=utf-7" };
    expect((await refused({ headers: oddCharset, body: "{}" })).status).toBe(415);
    const bomb = gzipSync(`"${"x".repeat(10_000_000)}"`);
    expect((await refused({ headers: { ...json, "Content-Encoding": "gzip" }, body: bomb })).status).toBe(413);
    expect((await refused({ headers: json, body: `"${"x".repeat(101 * 1024)}"` })).status).toBe(413);
  });
});

describe("headers", () => {
  test("a page has an ETag, Cache-Control and Vary", async () => {
    const response = await owner.get(path);
    await response.text();
    expect(response.headers.get("etag")).toMatch(/^W\/"[\w-]{27}"$/);
    expect(response.headers.get("cache-control")).toBe("private, no-cache");
    expect(response.headers.get("vary")).toBe("Accept, Accept-Encoding, Authorization, X-API-Key");
    expect(response.headers.get("x-powered-by")).toBeNull();
  });

  test("a known ETag is 304 without a body, after access was checked", async () => {
    const etag = (await owner.get(path)).headers.get("etag") ?? "";
    const again = await owner.get(path, { headers: { "If-None-Match": `"other", ${etag}` } });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe("");
    expect(again.headers.get("etag")).toBe(etag);
    expect((await owner.get(path, { headers: { "If-None-Match": '"other"' } })).status).toBe(200);

    const stranger = await server.as();
    expect((await stranger.get(path, { headers: { "If-None-Match": etag } })).status).toBe(404);
    expect((await stranger.get(path, { headers: { "If-None-Match": "*" } })).status).toBe(404);
    expect((await fetch(server.url + path, { headers: { "If-None-Match": etag } })).status).toBe(401);
  });

  test("HEAD has the status and headers of GET without the body", async () => {
    const [get, head] = await Promise.all([owner.get(path), owner.get(path, { method: "HEAD" })]);
    expect(head.status).toBe(200);
    expect(await head.text()).toBe("");
    for (const name of ["etag", "link", "content-type", "cache-control", "vary"]) {
      expect(head.headers.get(name)).toBe(get.headers.get(name));
    }
    const missing = await owner.get(`/api/v1/tasks/${randomUUID()}/jobs`, { method: "HEAD" });
    expect(missing.status).toBe(404);
  });

  test("a valid request id is returned, and an invalid one is replaced", async () => {
    const idFor = async (id: string) =>
      (await owner.get(path, { headers: { "X-Request-ID": id } })).headers.get("x-request-id");
    expect(await idFor("Trace.1_2-3")).toBe("Trace.1_2-3");
    expect(await idFor("a".repeat(128))).toBe("a".repeat(128));
    for (const bad of ["a".repeat(129), "a b", "a,b", 'a"b', "é"]) {
      expect(await idFor(bad)).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  test.each([
    ["gzip", "gzip"],
    ["br", "br"],
    ["gzip, br", "br"],
    ["identity", null],
  ])("a response to Accept-Encoding: %s has the encoding %s", async (accepted, encoding) => {
    const big = await aTask(server.sql, { user_id: owner.userId });
    await server.sql`insert into task_email_jobs (task_id, email_address, status)
      select ${big}, 'user' || n || '@example.com', 'pending' from generate_series(1, 50) n`;
    const response = await owner.get(`/api/v1/tasks/${big}/jobs?limit=50`, {
      headers: { "Accept-Encoding": accepted },
    });
    expect(response.headers.get("content-encoding")).toBe(encoding);
    expect(JSON.parse(await response.text()).jobs).toHaveLength(50);
  });
});

describe("Link", () => {
  test.each([
    ["limit=10&offset=0", { first: 0, next: 10, last: 20 }],
    ["limit=10&offset=10", { first: 0, prev: 0, next: 20, last: 20 }],
    ["limit=10&offset=20", { first: 0, prev: 10, last: 20 }],
    ["limit=10&offset=5", { first: 0, prev: 0, next: 15, last: 20 }],
    ["limit=10&offset=9999", { first: 0, prev: 20, last: 20 }],
    ["limit=100&offset=0", { first: 0, last: 0 }],
  ])("a page of 25 jobs has the documented Link for the query %s", async (query, expected) => {
    const taskId = await aTask(server.sql, { user_id: owner.userId });
    await server.sql`insert into task_email_jobs (task_id, email_address, status)
      select ${taskId}, 'user' || n || '@example.com', 'pending' from generate_series(1, 25) n`;
    const link = (await owner.get(`/api/v1/tasks/${taskId}/jobs?${query}`)).headers.get("link") ?? "";
    const limit = /limit=(\d+)/.exec(query)?.[1];
    expect(link).toBe(
      Object.entries(expected)
        .map(([rel, offset]) => `</api/v1/tasks/${taskId}/jobs?limit=${limit}&offset=${offset}>; rel="${rel}"`)
        .join(", "),
    );
  });
});

describe("CORS", () => {
  test("no origin is allowed unless CORS_ORIGINS names it", async () => {
    const response = await owner.get(path, { headers: { Origin: "https://evil.example" } });
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
  });

  test("an allowed origin can read responses, their headers and errors, and another origin cannot", async () => {
    const open = await startTestServer({ environment: { CORS_ORIGINS: "https://app.example, https://b.example" } });
    try {
      const viewer = await open.as();
      const target = `/api/v1/tasks/${await aTask(open.sql, { user_id: viewer.userId })}/jobs`;
      const from = (origin: string, init: RequestInit = {}) =>
        viewer.get(target, { ...init, headers: { Origin: origin, ...init.headers } });

      const allowed = await from("https://app.example");
      expect(allowed.headers.get("access-control-allow-origin")).toBe("https://app.example");
      expect(allowed.headers.get("access-control-expose-headers")).toContain("Link");
      expect(allowed.headers.get("vary")).toContain("Origin");
      expect((await from("https://evil.example")).headers.get("access-control-allow-origin")).toBeNull();

      const refused = await fetch(open.url + target, { headers: { Origin: "https://b.example" } });
      expect(refused.status).toBe(401);
      expect(refused.headers.get("access-control-allow-origin")).toBe("https://b.example");

      const preflight = await from("https://app.example", {
        method: "OPTIONS",
        headers: { "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization" },
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get("access-control-allow-headers")).toContain("Authorization");
    } finally {
      await open.close();
    }
  });

  test("OPTIONS on a known path is 204 with Allow, without a credential", async () => {
    const response = await fetch(server.url + path, { method: "OPTIONS" });
    expect(response.status).toBe(204);
    expect(response.headers.get("allow")).toBe("GET, HEAD, OPTIONS");
  });
});

test("the log names every path that the server has", async () => {
  const paths = Object.keys(openapi.paths).map((name) => name.replaceAll(/\{\w+\}/g, () => randomUUID()));
  for (const known of ["/", "/graphql", "/graphiql", "/docs", "/favicon.ico", "/home.css", ...paths]) {
    server.logLines.length = 0;
    await (await fetch(server.url + known)).text();
    await expect.poll(() => server.logLines.join("")).toContain(`"path":"${known}"`);
  }
});
