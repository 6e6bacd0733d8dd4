import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { aTask, someJobs } from "../support/builders.ts";
import { lockTable } from "../support/lock-table.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { waitingStatements } from "../support/waiting-statements.ts";

let server: TestServer;
afterEach(() => server.close());

const aliases = (count: number, field: (index: number) => string, prefix = "a") =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}: ${field(index)}`).join(" ");

/** Documents that read the jobs of a task with many statements. */
const DOCUMENTS: readonly [string, (taskId: string) => string][] = [
  ["pages", (id) => `{ ${aliases(15, (n) => `taskJobs(taskId: "${id}", offset: ${n}) { jobs { id } count }`)} }`],
  [
    "filtered pages",
    (id) =>
      `{ ${aliases(15, (n) => `taskJobs(taskId: "${id}", filter: { addressContains: "${n}" }) { jobs { id } count }`)} }`,
  ],
  [
    "connections",
    (id) =>
      `{ task(id: "${id}") { ${aliases(20, (n) => `jobs(first: 1, filter: { addressContains: "${n}" }) { totalCount }`)} } }`,
  ],
  [
    "progresses",
    (id) =>
      `{ task(id: "${id}") { ${aliases(15, (n) => `progress(filter: { addressContains: "${n}" }) { total }`)} } }`,
  ],
  [
    "pages and progresses together",
    (id) => `{ ${aliases(7, (n) => `taskJobs(taskId: "${id}", offset: ${n}) { jobs { id } count }`)}
      ${aliases(7, (n) => `taskJobs(taskId: "${id}", filter: { addressContains: "${n}" }) { count }`, "b")}
      task(id: "${id}") { ${aliases(7, (n) => `progress(filter: { addressContains: "${n}" }) { total }`)} } }`,
  ],
];

test.each(DOCUMENTS)(
  "a document of many %s uses one connection at a time and sends no statement after its deadline",
  async (_name, documentOf) => {
    server = await startTestServer({
      environment: { DATABASE_POOL_SIZE: "8", REQUEST_TIMEOUT_MS: "1200", STATEMENT_TIMEOUT_MS: "1000" },
    });
    const viewer = await server.as();
    const taskId = await aTask(server.sql, { user_id: viewer.userId });
    await someJobs(server.sql, taskId, 20);
    // This query opens the connections of the pools.
    expect((await viewer.query(documentOf(taskId))).body.errors).toBeUndefined();

    const release = await lockTable(server.sql, "task_email_jobs");
    let isAnswered = false;
    const answer = viewer
      .query(documentOf(taskId).replaceAll(/"(\d+)"/g, (_, n) => `"${Number(n) + 100}"`))
      .finally(() => {
        isAnswered = true;
      });
    const samples: number[] = [];
    while (!isAnswered) {
      samples.push(await waitingStatements(server.sql));
      await sleep(10);
    }
    expect(Math.max(...samples)).toBe(1);
    expect(["DEPENDENCY_TIMEOUT", "DEPENDENCY_UNAVAILABLE"]).toContain((await answer).body.errors[0].extensions.code);

    const statements = await server.countStatements(async () => {
      await release();
      await sleep(300);
    });
    // These are the commit and the statement that was sent before the deadline.
    expect(statements).toBeLessThanOrEqual(2);
    expect((await viewer.get(`/api/v1/tasks/${randomUUID()}/jobs`)).status).toBe(404);
  },
);
