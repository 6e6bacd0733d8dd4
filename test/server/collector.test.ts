import http from "node:http";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { apiKeyQueries, newApiKey } from "../../src/auth/api-key.ts";
import { killPrograms, MAIN, startProgram } from "../support/program.ts";
import { createTestDatabase, type TestDatabase } from "../support/test-database.ts";

const CONNECTIONS = 300;
const REQUESTS_EACH = 60;
const key = newApiKey();
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await apiKeyQueries(database).insertApiKey(key, {
    userId: crypto.randomUUID(),
    isAdmin: false,
    name: "",
    expiresAt: null,
  });
});
afterEach(killPrograms);
afterAll(() => database.close());

const bytesIn = (trace: string, name: string) =>
  [...trace.matchAll(new RegExp(` gc=s .* ${name}=(\\d+)`, "g"))].reduce((sum, [, bytes]) => sum + Number(bytes), 0);

/** Of what requests allocate, the share that has become old, on many connections whose key has used up its limit. */
async function promotedShare(): Promise<number> {
  const environment = { DATABASE_URL: database.url, PORT: "0", LOG_LEVEL: "silent", RATE_LIMIT: "1/h" };
  const program = startProgram("--trace-gc-nvp", environment, [MAIN]);
  const origin = await program.listening();
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const options = { agent, headers: { "X-API-Key": key } };
  const ask = () =>
    new Promise<number | undefined>((resolve, reject) => {
      const request = http.get(`${origin}/api/v1/tasks/${crypto.randomUUID()}/jobs`, options, (response) =>
        response.resume().on("end", () => resolve(response.statusCode)),
      );
      request.on("error", reject);
    });
  expect(await ask()).toBe(404);
  const caller = async () => {
    for (let i = 0; i < REQUESTS_EACH; i++) expect(await ask()).toBe(429);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, caller));
  agent.destroy();
  const { stdout } = await program.stop();
  return bytesIn(stdout, "promoted") / bytesIn(stdout, "allocated");
}

test("requests do not grow old, however many connections there are", async () => {
  expect(await promotedShare()).toBeLessThan(0.08);
});
