import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { apiKeyQueries, newApiKey } from "../../src/auth/api-key.ts";
import { aTask } from "../support/builders.ts";
import { childrenOf, killPrograms, MAIN, requireBuild, runProgram, startProgram } from "../support/program.ts";
import { sharedTestDatabase } from "../support/test-database.ts";

requireBuild();
const database = await sharedTestDatabase();
afterEach(killPrograms);

/** Opens a new connection for each request, so that both workers serve some. */
const statusOf = async (url: string, headers: Record<string, string> = {}) =>
  (await fetch(url, { headers: { Connection: "close", ...headers } })).status;

async function startTwoWorkers(environment: Record<string, string>) {
  const program = startProgram(MAIN, { DATABASE_URL: database.url, PORT: "0", WORKERS: "2", ...environment });
  const origin = await program.listening();
  const workersOf = () => childrenOf(program.child.pid);
  return { program, origin, workersOf };
}

/** Waits for the log line, which may follow the address on standard output. */
async function metricsPortOf(program: ReturnType<typeof startProgram>): Promise<string> {
  const find = () => /"port":(\d+),"msg":"metrics are served"/.exec(program.stderr())?.[1] ?? "";
  await expect.poll(find).not.toBe("");
  return find();
}

test("the metrics of two workers are added up, and the counters do not fall when a worker is killed", async () => {
  const { program, origin, workersOf } = await startTwoWorkers({ METRICS_PORT: "0", LOG_LEVEL: "info" });
  const port = await metricsPortOf(program);
  const sampleOf = async (series: string) => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const line = text.split("\n").find((candidate) => candidate.startsWith(`${series} `));
    return Number(line?.split(" ").at(-1));
  };
  const HEALTHY = 'http_requests_total{door="health",operation="/healthz",status="200"}';
  for (let i = 0; i < 20; i++) await statusOf(`${origin}/healthz`);
  expect(await sampleOf(HEALTHY)).toBe(20);
  expect(await sampleOf("workers_serving")).toBe(2);
  expect(await statusOf(`${origin}/metrics`)).toBe(404);

  const [victim] = workersOf();
  process.kill(victim ?? 0, "SIGKILL");
  await expect.poll(() => sampleOf("worker_ends_total")).toBe(1);
  expect(await sampleOf(HEALTHY)).toBe(20);
  await expect.poll(() => sampleOf("workers_serving")).toBe(2);
  for (let i = 0; i < 10; i++) await statusOf(`${origin}/healthz`);
  expect(await sampleOf(HEALTHY)).toBe(30);
  expect((await program.stop()).code).toBe(0);
});

test("a stopped worker does not block the metrics of the others", async () => {
  const { program, origin, workersOf } = await startTwoWorkers({ METRICS_PORT: "0", LOG_LEVEL: "info" });
  const port = await metricsPortOf(program);
  for (let i = 0; i < 4; i++) await statusOf(`${origin}/healthz`);
  const [victim] = workersOf();
  process.kill(victim ?? 0, "SIGSTOP");
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(text).toContain("process_cpu_seconds_total");
  process.kill(victim ?? 0, "SIGCONT");
  expect((await program.stop()).code).toBe(0);
});

test("two workers count requests for one rate limit, without a request too many", async () => {
  const { program, origin } = await startTwoWorkers({ RATE_LIMIT: "10/m" });
  const key = newApiKey();
  const userId = "11111111-0000-4000-8000-000000000002";
  await apiKeyQueries(database).insertApiKey(key, { userId, isAdmin: false, name: "", expiresAt: null });
  const url = `${origin}/api/v1/tasks/${await aTask(database.sql, { user_id: userId })}/jobs`;
  const statuses = await Promise.all(Array.from({ length: 30 }, () => statusOf(url, { "X-API-Key": key })));
  expect(statuses.filter((status) => status === 200)).toHaveLength(10);
  expect(statuses.filter((status) => status === 429)).toHaveLength(20);
  expect((await program.stop()).code).toBe(0);
});

test("a start on a metrics port that another program uses fails with a message that says so", async () => {
  const other = http.createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  const { code, stderr } = await runProgram(MAIN, {
    DATABASE_URL: database.url,
    PORT: "0",
    METRICS_PORT: String(port),
  });
  other.close();
  expect([code, stderr]).toEqual([
    1,
    `Cannot serve metrics on 127.0.0.1:${port}: another program listens there. Stop it, or choose another METRICS_PORT.\n`,
  ]);
});
