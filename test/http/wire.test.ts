import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { aTask, someJobs } from "../support/builders.ts";
import { sendRaw } from "../support/raw-request.ts";
import { sharedTestServer, startTestServer } from "../support/test-server.ts";

const server = await sharedTestServer({ environment: { METRICS_TOKEN: "a-token-of-this-test" } });
const owner = await server.as();
const taskId = await aTask(server.sql, { user_id: owner.userId });
await someJobs(server.sql, taskId, 3);
const path = `/api/v1/tasks/${taskId}/jobs`;
const stderr = vi.spyOn(console, "error");
afterEach(() => expect(stderr).not.toHaveBeenCalled());
afterAll(() => stderr.mockRestore());

const HOST = "Host: a\r\n";
const CLOSE = "Connection: close\r\n";
const as = () => `X-API-Key: ${owner.key}\r\n`;
const get = (target: string, ...headers: string[]) => `GET ${target} HTTP/1.1\r\n${HOST}${headers.join("")}\r\n`;
const chunked = (kilobytes: number) =>
  `Transfer-Encoding: chunked\r\n\r\n${`400\r\n${" ".repeat(1024)}\r\n`.repeat(kilobytes)}0\r\n\r\n`;
const statusesOf = (text: string) => [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status));

describe("request targets", () => {
  test.each(["http://a/healthz", "http://[::1/healthz", "http://xn--/healthz", "ftp://a:99999/healthz", "/healthz#x"])(
    "the request target %s names a known path, whatever its authority is",
    async (target) => {
      const { status, body, head } = await sendRaw(server.port, get(target, CLOSE));
      expect([status, body]).toEqual([200, expect.stringContaining('{"status":"ok",')]);
      expect(head).toContain("X-Request-ID: ");
    },
  );

  test.each(["/", "/?x=1", "http://a", "http://[", "http://a?x=1", "http://a/#x"])(
    "the request target %s names the root, whatever its authority is",
    async (target) => {
      const { status, body } = await sendRaw(server.port, get(target, CLOSE));
      expect([status, JSON.parse(body).name]).toEqual([200, "Task Jobs API"]);
    },
  );

  test.each(["http://a/x", "http://[/x?y", "//a@[::1#x", "*"])(
    "the request target %s is an unknown path",
    async (target) => {
      const { status, body } = await sendRaw(server.port, get(target, CLOSE));
      expect([status, JSON.parse(body).error.code]).toEqual([404, "NOT_FOUND"]);
    },
  );

  test.each(["http://", "http:///healthz", "*x"])(
    "the request target %s is refused with the error envelope and logged",
    async (target) => {
      const { status, head, body } = await sendRaw(server.port, get(target, "X-Request-ID: mine-1\r\n"));
      expect([status, JSON.parse(body).error.code]).toEqual([400, "VALIDATION_ERROR"]);
      expect(head).toContain("X-Request-ID: mine-1");
      expect(server.logLines.some((line) => line.includes('"mine-1"') && line.includes("malformed request"))).toBe(
        true,
      );
    },
  );
});

describe("chunked bodies above 100 KB", () => {
  test("a large chunked body to a route that reads no body does not change the response", async () => {
    const { text } = await sendRaw(server.port, get(path, as(), CLOSE, chunked(150)).slice(0, -2));
    expect(statusesOf(text)).toEqual([200]);
    const post = `POST ${path} HTTP/1.1\r\n${HOST}${as()}${CLOSE}Content-Type: text/plain\r\n${chunked(150)}`;
    expect(statusesOf((await sendRaw(server.port, post)).text)).toEqual([405]);
  });

  test("a large chunked body that is not JSON gets one 415 from /graphql", async () => {
    const post = `POST /graphql HTTP/1.1\r\n${HOST}${as()}${CLOSE}Content-Type: text/plain\r\n${chunked(150)}`;
    expect(statusesOf((await sendRaw(server.port, post)).text)).toEqual([415]);
  });

  test("a large chunked JSON body to /graphql is 413", async () => {
    const post = `POST /graphql HTTP/1.1\r\n${HOST}${as()}${CLOSE}Content-Type: application/json\r\n${chunked(150)}`;
    expect(statusesOf((await sendRaw(server.port, post)).text)).toEqual([413]);
  });

  test("large chunked bodies log no unexpected error", () => {
    expect(server.logLines.filter((line) => /unexpected error|the error handler failed/.test(line))).toEqual([]);
  });
});

test("a small chunked body is read with a rate limit, too", async () => {
  const limited = await startTestServer({ environment: { RATE_LIMIT: "100/s" } });
  try {
    const { key } = await limited.as();
    const body = JSON.stringify({ query: "{ __typename }" });
    const bytes = `POST /graphql HTTP/1.1\r\n${HOST}${CLOSE}X-API-Key: ${key}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    expect((await sendRaw(limited.port, bytes)).text).toContain('"__typename":"Query"');
  } finally {
    await limited.close();
  }
});

test("REST ignores an invalid body: the response is 401 or 405 as without it", async () => {
  const post = (method: string, ...headers: string[]) =>
    `${method} ${path} HTTP/1.1\r\n${HOST}${CLOSE}${headers.join("")}Content-Type: application/json\r\nContent-Length: 1\r\n\r\n{`;
  expect((await sendRaw(server.port, post("GET"))).status).toBe(401);
  expect((await sendRaw(server.port, post("GET", as()))).status).toBe(200);
  expect((await sendRaw(server.port, post("POST", as()))).status).toBe(405);
});

test("a valid request is answered before the malformed bytes that follow it", async () => {
  const { text } = await sendRaw(server.port, `${get(path, as())}garbage\r\n\r\n${"more ".repeat(100)}`);
  expect(statusesOf(text)[0]).toBe(200);
  expect(text).toContain('"jobs":[{');
});

test("malformed requests are counted by their status", async () => {
  const counted = async () => {
    const scrape = await fetch(`${server.url}/metrics`, { headers: { Authorization: "Bearer a-token-of-this-test" } });
    const series = 'http_requests_total{door="unknown",operation="none",status="431"} ';
    return Number((await scrape.text()).split(series)[1]?.split("\n")[0] ?? 0);
  };
  const before = await counted();
  await sendRaw(server.port, get("/", `X: ${"a".repeat(20_000)}\r\n`));
  expect(await counted()).toBe(before + 1);
});
