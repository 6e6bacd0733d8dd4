import { once } from "node:events";
import http from "node:http";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { apiKeyQueries, newApiKey } from "../../src/auth/api-key.ts";
import { aTask } from "../support/builders.ts";
import { killPrograms, startProgram } from "../support/program.ts";
import { createTestDatabase, type TestDatabase } from "../support/test-database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(killPrograms);
afterAll(() => database.close());

test("a keep-alive client whose request was running does not hold the stop", async () => {
  const program = startProgram("dist/main.js", {
    DATABASE_URL: database.url,
    PORT: "0",
    SHUTDOWN_DRAIN_MS: "0",
    SHUTDOWN_GRACE_MS: "10000",
  });
  const origin = await program.listening();
  const key = newApiKey();
  const userId = "11111111-0000-4000-8000-000000000001";
  await apiKeyQueries(database).insertApiKey(key, { userId, isAdmin: false, name: "", expiresAt: null });
  const taskId = await aTask(database.sql, { user_id: userId });
  const blocker = await database.sql.reserve();
  await blocker`begin`;
  await blocker`lock table task_email_jobs in access exclusive mode`;
  const request = http.get(`${origin}/api/v1/tasks/${taskId}/jobs`, {
    agent: new http.Agent({ keepAlive: true }),
    headers: { "X-API-Key": key },
  });
  const answered = once(request, "response");
  await expect
    .poll(async () => (await database.sql`select 1 from pg_locks where not granted`).length)
    .toBeGreaterThan(0);
  program.child.kill("SIGTERM");
  await expect.poll(() => program.stderr()).toContain("stopping");
  await blocker`commit`;
  blocker.release();
  const [response] = (await answered) as [http.IncomingMessage];
  const answeredAt = performance.now();
  response.resume();
  expect([response.statusCode, response.headers.connection]).toEqual([200, "close"]);
  expect((await program.ended).code).toBe(0);
  expect(performance.now() - answeredAt).toBeLessThan(1000);
});
