import { describe, expect, test } from "vitest";
import { readConfig } from "../../src/config.ts";
import { aTask } from "../support/builders.ts";
import { sendRaw, trickle } from "../support/raw-request.ts";
import { sharedTestServer, startTestServer } from "../support/test-server.ts";

const APP = "https://app.example";

const server = await sharedTestServer({
  environment: {
    CORS_ORIGINS: `${APP}, https://*.wild.example, http://*.local.example:8080`,
    CORS_ALLOWED_HEADERS: "X-Tenant, x-build",
  },
  httpLimits: { headersTimeoutMs: 1000, requestTimeoutMs: 1000, connectionsCheckingIntervalMs: 100 },
});
const owner = await server.as();
const key = owner.key;
const path = `/api/v1/tasks/${await aTask(server.sql, { user_id: owner.userId })}/jobs`;

const preflight = (origin: string, target = "/graphql", headers = "authorization") =>
  fetch(server.url + target, {
    method: "OPTIONS",
    headers: { Origin: origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": headers },
  });
const allowedOrigin = (response: Response) => response.headers.get("access-control-allow-origin");

describe("a preflight", () => {
  test.each([
    "authorization,content-type,x-api-key,x-request-id",
    "apollographql-client-name,apollographql-client-version,x-apollo-operation-name,apollo-require-preflight",
    "traceparent,tracestate,baggage",
    "sentry-trace,x-datadog-trace-id,x-datadog-parent-id,x-datadog-origin,x-datadog-sampling-priority",
    "b3,x-b3-traceid,x-b3-spanid,x-b3-sampled",
    "x-requested-with,cache-control,pragma,if-none-match,if-modified-since,graphql-preflight",
    "x-tenant,x-build",
  ])("a page of an allowed origin may send the headers %s", async (headers) => {
    for (const target of ["/graphql", path, `${path}/export`, "/api/v1/tasks"]) {
      const response = await preflight(APP, target, headers);
      expect([response.status, allowedOrigin(response)]).toEqual([204, APP]);
      const allowed = response.headers.get("access-control-allow-headers")?.toLowerCase().split(",") ?? [];
      expect(headers.split(",").filter((name) => !allowed.includes(name))).toEqual([]);
    }
  });

  test("a header that is neither built in nor configured is not allowed", async () => {
    const response = await preflight(APP, "/graphql", "x-other");
    expect(response.headers.get("access-control-allow-headers")?.toLowerCase()).not.toContain("x-other");
  });
});

describe("an origin with a wildcard", () => {
  test.each(["https://a.wild.example", "https://a-1.wild.example", "http://x.local.example:8080"])(
    "a wildcard origin allows %s",
    async (origin) => {
      const response = await preflight(origin);
      expect(allowedOrigin(response)).toBe(origin);
      expect(response.headers.get("vary")).toContain("Origin");
    },
  );

  test.each([
    "https://wild.example",
    "https://.wild.example",
    "https://evil-wild.example",
    "https://evilwild.example",
    "https://a.b.wild.example",
    "http://a.wild.example",
    "https://a.wild.example:444",
    "https://a.wild.example.evil.example",
    "https://a.wildXexample",
    "https://evil.example/.wild.example",
    "https://evil.example#.wild.example",
    "https://user@a.wild.example",
    "https://a.wild.example, https://b.wild.example",
    "http://x.local.example",
    "https://*.wild.example",
    "null",
    "",
  ])("a wildcard origin does not allow %j", async (origin) => {
    const response = await preflight(origin);
    expect(allowedOrigin(response)).toBeNull();
    expect(response.headers.get("vary")).toContain("Origin");
  });

  test.each([
    "https://*",
    "https://*.com",
    "*.example.com",
    "https://*.*.example.com",
    "https://a*.example.com",
    "https://a.*.example.com",
    "https://*.example.com/",
    "https://*.EXAMPLE.com",
    "https://*.example.com:99999",
    "*",
    "null",
  ])("CORS_ORIGINS=%s stops the start", (origin) => {
    expect(() => readConfig({ CORS_ORIGINS: origin })).toThrow(
      "CORS_ORIGINS must be origins such as https://app.example.com or https://*.example.com, separated by commas",
    );
  });
});

test("CORS_ALLOWED_HEADERS accepts only header names, and only together with CORS_ORIGINS", () => {
  expect(() => readConfig({ CORS_ORIGINS: APP, CORS_ALLOWED_HEADERS: "X-A, X B" })).toThrow(
    "CORS_ALLOWED_HEADERS must be",
  );
  expect(() => readConfig({ CORS_ORIGINS: APP, CORS_ALLOWED_HEADERS: "*" })).toThrow("CORS_ALLOWED_HEADERS must be");
  expect(() => readConfig({ CORS_ALLOWED_HEADERS: "X-A" })).toThrow(
    "CORS_ALLOWED_HEADERS has no effect without CORS_ORIGINS",
  );
});

describe("a page of an allowed origin can read every refusal", () => {
  const head = (line: string, origin: string, ...headers: string[]) =>
    `${line} HTTP/1.1\r\nHost: a\r\nOrigin: ${origin}\r\nConnection: close\r\n${headers.map((header) => `${header}\r\n`).join("")}\r\n`;

  test.each<[number, (origin: string) => string]>([
    [400, (origin) => head("GET /graphql", origin, "Host: b")],
    [400, (origin) => head("GET /healthz", origin, "a b: c")],
    [400, (origin) => head("GET http://", origin)],
    [400, (origin) => head("GET /graphql?query=%ff", origin, `X-API-Key: ${key}`)],
    [401, (origin) => head(`GET ${path}`, origin)],
    [404, (origin) => head("GET /nothing", origin)],
    [405, (origin) => head(`DELETE ${path}`, origin)],
    [413, (origin) => head("POST /graphql", origin, "Content-Length: 200000")],
    [431, (origin) => head(`GET ${path}`, origin, `X: ${"a".repeat(9000)}`)],
    [431, (origin) => head(`GET ${path}`, origin, `X: ${"a".repeat(30_000)}`)],
    [431, (origin) => head("GET /graphql", origin, ...Array.from({ length: 120 }, (_, n) => `a${n}: b`))],
  ])("a page of an allowed origin can read a response with the status %s, case %#", async (status, request) => {
    for (const [origin, isAllowed] of [
      [APP, true],
      ["https://a.wild.example", true],
      ["https://evil.example", false],
    ] as const) {
      const answer = await sendRaw(server.port, request(origin));
      expect(answer.status).toBe(status);
      const allowed = /^access-control-allow-origin: (.*)$/im.exec(answer.head)?.[1]?.trim();
      expect(allowed).toBe(isAllowed ? origin : undefined);
      expect(answer.head).toMatch(/^vary: .*Origin/im);
      if (isAllowed) expect(answer.head).toMatch(/^access-control-expose-headers: .*X-Request-ID/im);
    }
  });

  test("a page of an allowed origin can read the 408 of a body that does not arrive", async () => {
    const bytes = `POST /graphql HTTP/1.1\r\nHost: a\r\nOrigin: ${APP}\r\nX-API-Key: ${key}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`;
    const { status, head } = await trickle(server.port, bytes, " ");
    expect(status).toBe(408);
    expect(head).toContain(`Access-Control-Allow-Origin: ${APP}`);
  });
});

test("without CORS_ORIGINS no refusal names an origin", async () => {
  const closed = await startTestServer();
  try {
    const { head } = await sendRaw(
      closed.port,
      `GET / HTTP/1.1\r\nHost: a\r\nOrigin: ${APP}\r\nX: ${"a".repeat(30_000)}\r\n\r\n`,
    );
    expect(head).not.toMatch(/access-control|vary: origin/i);
  } finally {
    await closed.close();
  }
});
