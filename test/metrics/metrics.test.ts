import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { ConfigError, readConfig } from "../../src/config.ts";
import { openMetricsServer } from "../../src/http/metrics-endpoint.ts";
import { aTask, someJobs } from "../support/builders.ts";
import { lockTable } from "../support/lock-table.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { waitingStatements } from "../support/waiting-statements.ts";

const TOKEN = "a-token-of-this-test-0123456789";
const METERED = { METRICS_TOKEN: TOKEN };
const running: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function serve(environment: Record<string, string>): Promise<TestServer> {
  const server = await startTestServer({ environment });
  running.push(server);
  return server;
}

const scrape = async ({ url }: TestServer) =>
  (await fetch(`${url}/metrics`, { headers: { Authorization: `Bearer ${TOKEN}` } })).text();

/** Returns the value of the line that starts with this name and labels, or undefined if there is none. */
function sampleOf(text: string, series: string): number | undefined {
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

describe("access to the metrics", () => {
  test("without a metrics setting the path is unknown and no metrics are collected", async () => {
    const server = await serve({});
    const [metrics, nowhere] = await Promise.all(
      ["/metrics", "/nowhere"].map(async (path) => {
        const response = await fetch(server.url + path);
        return [response.status, await response.text()];
      }),
    );
    expect(metrics).toEqual(nowhere);
    expect(metrics?.[0]).toBe(404);
    expect(server.app.metrics).toBeNull();
  });

  test.each([
    ["no header", {}],
    ["a wrong token", { Authorization: `Bearer ${TOKEN}x` }],
    ["the beginning of the token", { Authorization: `Bearer ${TOKEN.slice(0, -1)}` }],
    ["no scheme", { Authorization: TOKEN }],
    ["an empty token", { Authorization: "Bearer " }],
  ])("the metrics on the main port are refused with %s", async (_what, headers) => {
    const response = await fetch(`${(await serve(METERED)).url}/metrics`, { headers });
    expect([response.status, response.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect(await response.json()).toMatchObject({ error: { code: "UNAUTHORIZED" } });
  });

  test("an API key does not give access to the metrics, not even an admin's", async () => {
    const admin = await (await serve(METERED)).as({ isAdmin: true });
    expect((await admin.get("/metrics")).status).toBe(401);
  });

  test("the metrics on the main port can be read with the token, by GET and HEAD only", async () => {
    const server = await serve(METERED);
    const ask = (method: string) =>
      fetch(`${server.url}/metrics`, { method, headers: { Authorization: `bearer ${TOKEN}` } });
    const response = await ask("GET");
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "text/plain; version=0.0.4; charset=utf-8",
    ]);
    expect((await ask("HEAD")).status).toBe(200);
    expect((await ask("POST")).status).toBe(405);
  });

  test("the metrics port needs no token and serves nothing else", async () => {
    const config = { port: 0, host: "127.0.0.1", token: null };
    const metrics = await openMetricsServer(config, async () => "up 1\n");
    running.push(metrics);
    const ask = (path: string, method = "GET") => fetch(`http://127.0.0.1:${metrics.port}${path}`, { method });
    const answers = [await ask("/metrics"), await ask("/metrics?x=1"), await ask("/"), await ask("/metrics", "POST")];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 404, 405]);
  });

  test("the metrics port requires the token if one is set", async () => {
    const config = { port: 0, host: "127.0.0.1", token: TOKEN };
    const metrics = await openMetricsServer(config, async () => "up 1\n");
    running.push(metrics);
    const ask = async (headers: Record<string, string>) =>
      (await fetch(`http://127.0.0.1:${metrics.port}/metrics`, { headers })).status;
    expect([await ask({}), await ask({ Authorization: `Bearer ${TOKEN}` })]).toEqual([401, 200]);
  });

  test("the main port does not serve the metrics if they have a port", async () => {
    const server = await serve({ ...METERED, METRICS_PORT: "0" });
    expect((await fetch(`${server.url}/metrics`, { headers: { Authorization: `Bearer ${TOKEN}` } })).status).toBe(404);
  });
});

describe("the values of the metrics", () => {
  test("requests and their durations are counted by endpoint, operation and status", async () => {
    const server = await serve(METERED);
    const viewer = await server.as();
    const taskId = await aTask(server.sql, { user_id: viewer.userId });
    await someJobs(server.sql, taskId, 3);
    await viewer.get(`/api/v1/tasks/${taskId}/jobs`);
    await viewer.get(`/api/v1/tasks/${taskId}/jobs`);
    await viewer.get(`/api/v1/tasks/${randomUUID()}/jobs`);
    await fetch(`${server.url}/api/v1/tasks/${taskId}/jobs`);
    await viewer.query(`query Secret { mine: taskJobs(taskId: "${taskId}") { count } }`);
    await viewer.query("{ __schema { queryType { name } } }");
    await viewer.query("{ a: __typename b: __typename }");
    await viewer.query("{ nothing }");
    await fetch(`${server.url}/healthz`);
    await fetch(`${server.url}/nowhere/${randomUUID()}`);

    const text = await scrape(server);
    const requests = (door: string, operation: string, status: number) =>
      sampleOf(text, `http_requests_total{door="${door}",operation="${operation}",status="${status}"}`);
    expect(requests("rest", "/api/v1/tasks/:id/jobs", 200)).toBe(2);
    expect(requests("rest", "/api/v1/tasks/:id/jobs", 404)).toBe(1);
    expect(requests("rest", "/api/v1/tasks/:id/jobs", 401)).toBe(1);
    expect(requests("graphql", "taskJobs", 200)).toBe(1);
    expect(requests("graphql", "__schema", 200)).toBe(1);
    expect(requests("graphql", "several", 200)).toBe(1);
    expect(requests("graphql", "none", 200)).toBe(1);
    expect(requests("health", "/healthz", 200)).toBe(1);
    expect(requests("unknown", "none", 404)).toBe(1);
    expect(sampleOf(text, 'graphql_errors_total{code="GRAPHQL_VALIDATION_FAILED"}')).toBe(1);
    // The 404 of the REST path is an error of a GraphQL execution, but must not count as a GraphQL error.
    expect(text.match(/^graphql_errors_total\{.*$/gm)).toHaveLength(1);
    const took = (series: string) => sampleOf(text, `http_request_duration_seconds_${series}`);
    expect(took('count{door="rest",operation="/api/v1/tasks/:id/jobs"}')).toBe(4);
    expect(took('bucket{le="10",door="rest",operation="/api/v1/tasks/:id/jobs"}')).toBe(4);
  });

  test("the metrics include the pool, its queue, the batches of the loader, the event loop, memory and CPU", async () => {
    const text = await scrape(await serve(METERED));
    for (const series of [
      'database_reads_under_way{pool="pages"}',
      'database_reads_under_way{pool="searches"}',
      'database_reads_under_way{pool="exports"}',
      'database_reads_waiting{pool="pages"}',
      'database_reads_waiting{pool="searches"}',
      'database_breaker_open{pool="pages"}',
      'database_breaker_open{pool="searches"}',
      "email_batch_size_count",
      "nodejs_eventloop_lag_p99_seconds",
      "process_resident_memory_bytes",
      "process_cpu_seconds_total",
    ]) {
      expect([series, sampleOf(text, series)]).toEqual([series, expect.any(Number)]);
    }
  });

  test("refused requests are counted by limit", async () => {
    const server = await serve({ ...METERED, RATE_LIMIT: "2/m" });
    const viewer = await server.as();
    const tooMany = `{ ${Array.from({ length: 21 }, () => "__typename").join(" ")} }`;
    await viewer.query(tooMany);
    for (let i = 0; i < 4; i++) await viewer.query("{ __typename }");
    const text = await scrape(server);
    expect(sampleOf(text, 'rejected_requests_total{limit="rate"}')).toBe(3);
    expect(sampleOf(text, 'rejected_requests_total{limit="query"}')).toBe(1);
    expect(sampleOf(text, 'rejected_requests_total{limit="overload"}')).toBe(0);
    expect(sampleOf(text, 'http_requests_total{door="graphql",operation="none",status="429"}')).toBe(3);
  });

  test("a search that uses a connection is shown, and its timeout is counted", async () => {
    const server = await serve(METERED);
    const viewer = await server.as();
    const taskId = await aTask(server.sql, { user_id: viewer.userId });
    const unlock = await lockTable(server.sql, "task_email_jobs");
    const search = viewer.get(`/api/v1/tasks/${taskId}/jobs?status=failed`);
    await expect
      .poll(async () => sampleOf(await scrape(server), 'database_reads_under_way{pool="searches"}'), { interval: 20 })
      .toBe(1);
    expect((await search).status).toBe(504);
    await unlock();
    expect(sampleOf(await scrape(server), 'rejected_requests_total{limit="timeout"}')).toBe(1);
  });

  test("a running export is shown", async () => {
    const server = await serve(METERED);
    const viewer = await server.as();
    const taskId = await aTask(server.sql, { user_id: viewer.userId });
    await someJobs(server.sql, taskId, 20_000);
    const exporting = async () => sampleOf(await scrape(server), 'database_reads_under_way{pool="exports"}');
    const { body } = await viewer.get(`/api/v1/tasks/${taskId}/jobs/export`);
    await expect.poll(exporting).toBe(1);
    await body?.cancel();
    await expect.poll(exporting).toBe(0);
  });

  test("a request of a client that disconnected is counted as aborted", async () => {
    const server = await serve(METERED);
    const viewer = await server.as();
    const taskId = await aTask(server.sql, { user_id: viewer.userId });
    const unlock = await lockTable(server.sql, "tasks");
    const leaving = new AbortController();
    const left = viewer.get(`/api/v1/tasks/${taskId}/jobs`, { signal: leaving.signal });
    await expect.poll(() => waitingStatements(server.sql), { interval: 10 }).toBe(1);
    leaving.abort();
    await expect(left).rejects.toThrow("aborted");
    const series = 'http_requests_total{door="rest",operation="/api/v1/tasks/:id/jobs",status="aborted"}';
    await expect.poll(async () => sampleOf(await scrape(server), series)).toBe(1);
    await unlock();
  });
});

test("no label contains text of a caller: no id, name, path, address or key", async () => {
  const server = await serve(METERED);
  const viewer = await server.as();
  const canary = `canary${randomUUID().replaceAll("-", "")}`;
  const taskId = await aTask(server.sql, { user_id: viewer.userId });
  await viewer.get(`/api/v1/tasks/${taskId}/jobs?limit=${canary}`, { headers: { "X-Request-ID": canary } });
  await viewer.get(`/api/v1/tasks/${canary}/jobs`);
  await viewer.get(`/api/${canary}`);
  await viewer.get(`/${canary}`, { method: "POST", headers: { "X-API-Key": canary } });
  await viewer.query(`query ${canary} { ${canary}: taskJobs(taskId: "${taskId}") { ${canary}: count } }`);
  await viewer.query(`query { ${canary} }`);
  await viewer.query(`query { ...${canary} } fragment ${canary} on Query { __typename }`);
  await viewer.query(canary);
  const text = await scrape(server);
  expect(text).toContain("http_requests_total{");
  for (const secret of [canary, taskId, viewer.userId, viewer.key, "127.0.0.1", TOKEN]) {
    expect(text.includes(secret)).toBe(false);
  }
});

test.each([
  { METRICS_TOKEN: "short" },
  { METRICS_TOKEN: "sixteen and more with spaces" },
  { METRICS_PORT: "70000" },
  { METRICS_TOKEN: TOKEN, WORKERS: "2" },
])("a server with the settings %o does not start", (environment) => {
  expect(() => readConfig(environment)).toThrow(ConfigError);
});
