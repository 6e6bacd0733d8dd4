import { afterEach, expect, test } from "vitest";
import { apiKeyQueries, newApiKey } from "../../src/auth/api-key.ts";
import { aJob, aTask } from "../support/builders.ts";
import { killPrograms, MAIN, startProgram } from "../support/program.ts";
import { sharedTestDatabase } from "../support/test-database.ts";

const FREED_ON_SIGNAL = new URL("../support/freed-on-signal.mjs", import.meta.url).href;
const USER_ID = "11111111-0000-4000-8000-000000000003";
const REQUESTS = 60;
const key = newApiKey();

const database = await sharedTestDatabase();
await apiKeyQueries(database).insertApiKey(key, { userId: USER_ID, isAdmin: false, name: "", expiresAt: null });
const taskId = await aTask(database.sql, { user_id: USER_ID });
await aJob(database.sql, { task_id: taskId });
afterEach(killPrograms);

// Without compression, whose package assigns functions to each response.
const headers = { "X-API-Key": key, "Accept-Encoding": "identity" };

function post(query: string): RequestInit {
  return {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/json" },
    body: JSON.stringify({ query }),
  };
}

test.for<[string, string, RequestInit]>([
  ["REST page", `/api/v1/tasks/${taskId}/jobs`, { headers }],
  ["REST page by cursor", `/api/v1/tasks/${taskId}/jobs?after=`, { headers }],
  ["GraphQL page", "/graphql", post(`{ taskJobs(taskId: "${taskId}") { count jobs { id email { status } } } }`)],
  ["GraphQL connection", "/graphql", post(`{ task(id: "${taskId}") { jobs { edges { cursor node { id } } } } }`)],
])("a minor garbage collection frees all that a finished %s has used", async ([, path, init]) => {
  const program = startProgram(MAIN, {
    DATABASE_URL: database.url,
    PORT: "0",
    LOG_LEVEL: "silent",
    NODE_OPTIONS: `--import=${FREED_ON_SIGNAL}`,
  });
  const origin = await program.listening();
  for (let request = 0; request < REQUESTS; request++) {
    const response = await fetch(`${origin}${path}`, init);
    expect(response.status, await response.text()).toBe(200);
  }
  program.child.kill("SIGUSR2");
  const [, begun, alive] = await program.printed(/begun=(\d+) alive=(\d+);/);
  expect(Number(begun)).toBe(REQUESTS);
  // Each connection refers to its last response.
  expect(Number(alive)).toBeLessThan(REQUESTS / 6);
});
