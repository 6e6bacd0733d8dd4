import { afterEach, expect, test } from "vitest";
import { apiKeyQueries, newApiKey } from "../../src/auth/api-key.ts";
import { aTask } from "../support/builders.ts";
import { killPrograms, MAIN, startProgram } from "../support/program.ts";
import { sharedTestDatabase } from "../support/test-database.ts";

const HEAP_ON_SIGNAL = new URL("../support/heap-on-signal.mjs", import.meta.url).href;
const USER_ID = "11111111-0000-4000-8000-000000000002";
const DOCUMENTS = 60;
const key = newApiKey();

const database = await sharedTestDatabase();
await apiKeyQueries(database).insertApiKey(key, { userId: USER_ID, isAdmin: false, name: "", expiresAt: null });
const taskId = await aTask(database.sql, { user_id: USER_ID });
afterEach(killPrograms);

/** The growth of the server's heap by documents that are each sent often enough to be compiled, and never again. */
async function bytesKeptByCompiledDocuments(environment: Record<string, string>): Promise<number> {
  const program = startProgram(MAIN, {
    DATABASE_URL: database.url,
    PORT: "0",
    LOG_LEVEL: "silent",
    NODE_OPTIONS: `--import=${HEAP_ON_SIGNAL}`,
    ...environment,
  });
  const origin = await program.listening();
  let measurements = 0;
  const heapUsed = async () => {
    measurements += 1;
    program.child.kill("SIGUSR2");
    const printed = await program.printed(new RegExp(`^(?:[^]*?heapUsed=(\\d+);){${measurements}}`));
    return Number(printed[1]);
  };
  const sendDocuments = async (name: string) => {
    for (let n = 0; n < DOCUMENTS; n += 1) {
      const fields = Array.from({ length: 300 }, (_, index) => `${name}${n}x${index}:count`).join(" ");
      const body = JSON.stringify({ query: `{ taskJobs(taskId: "${taskId}") { ${fields} } }` });
      for (let run = 0; run < 3; run += 1) {
        const headers = { "Content-Type": "application/json", "X-API-Key": key };
        const response = await fetch(`${origin}/graphql`, { method: "POST", headers, body });
        expect(response.status).toBe(200);
        await response.text();
      }
    }
  };
  // The first documents fill the document store, so that it does not grow further.
  await sendDocuments("a");
  const before = await heapUsed();
  await sendDocuments("b");
  const after = await heapUsed();
  await program.stop();
  return after - before;
}

test("the code of operations that are no longer stored is freed", async () => {
  expect(await bytesKeptByCompiledDocuments({})).toBeLessThan(8_000_000);
});

test("without --no-compilation-cache V8 keeps the code of every operation", async () => {
  expect(await bytesKeptByCompiledDocuments({ COMPILATION_CACHE: "on" })).toBeGreaterThan(16_000_000);
});
