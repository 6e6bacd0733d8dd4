import http from "node:http";
import { afterEach, expect, test } from "vitest";
import { apiKeyQueries, newApiKey } from "../../src/auth/api-key.ts";
import { openBalancer } from "../support/balancer.ts";
import { aTask, someJobs } from "../support/builders.ts";
import { killPrograms, startProgram } from "../support/program.ts";
import { sharedTestDatabase } from "../support/test-database.ts";

/** A restart takes 3 s, and two of them replace both instances. `RESTARTS=20` repeats the run that docs/reliability.md mentions. */
const RESTARTS = Number(process.env.RESTARTS ?? 2);
const CONNECTIONS = 50;
const READY_WITHIN_MS = 2000;

const key = newApiKey();

const database = await sharedTestDatabase();
const userId = "22222222-0000-4000-8000-000000000002";
await apiKeyQueries(database).insertApiKey(key, { userId, isAdmin: false, name: "", expiresAt: null });
const taskId = await aTask(database.sql, { user_id: userId });
await someJobs(database.sql, taskId, 10);
const path = `/api/v1/tasks/${taskId}/jobs`;
afterEach(killPrograms);

async function startInstance(balancer: Awaited<ReturnType<typeof openBalancer>>) {
  const environment = {
    ...{ DATABASE_URL: database.url, PORT: "0", LOG_LEVEL: "silent", GRAPHIQL: "off", MIGRATE: "off" },
    // On a slow machine requests may wait for a new instance or a statement longer than the default time limits.
    ...{ REQUEST_TIMEOUT_MS: "8000", STATEMENT_TIMEOUT_MS: "8000" },
  };
  const program = startProgram("dist/main.js", environment);
  const origin = await program.listening();
  balancer.add(origin);
  await expect.poll(() => balancer.isReady(origin)).toBe(true);
  return { program, origin };
}

test(`${RESTARTS} rolling restarts of two instances under ${CONNECTIONS} busy connections fail no request`, async () => {
  const balancer = await openBalancer();
  let instances = await Promise.all([startInstance(balancer), startInstance(balancer)]);

  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const load = { continues: true, answers: 0, failures: [] as string[] };
  const request = () =>
    new Promise<void>((resolve) => {
      http
        .get(balancer.url + path, { agent, headers: { "X-API-Key": key } }, (response) => {
          let body = "";
          response.on("data", (chunk) => {
            body += chunk;
          });
          response.on("end", () => {
            load.answers += 1;
            if (response.statusCode !== 200 || !body.endsWith('"offset":0}')) {
              load.failures.push(`${response.statusCode} ${body.slice(0, 200)}`);
            }
            resolve();
          });
        })
        .on("error", (error) => {
          load.failures.push(String(error));
          resolve();
        });
    });
  const clients = Array.from({ length: CONNECTIONS }, async () => {
    while (load.continues) await request();
  });

  for (let restart = 0; restart < RESTARTS; restart++) {
    const [oldest, ...others] = instances;
    instances = [...others, await startInstance(balancer)];
    const ended = await oldest?.program.stop();
    expect(ended?.code).toBe(0);
    balancer.remove(oldest?.origin ?? "");
  }
  load.continues = false;
  await Promise.all(clients);
  await balancer.close();
  agent.destroy();

  expect(load.failures).toEqual([]);
  expect(load.answers).toBeGreaterThan(RESTARTS * CONNECTIONS);
}, 240_000);

test("a killed server is ready again within two seconds of its start", async () => {
  const start = () => startProgram("dist/main.js", { DATABASE_URL: database.url, PORT: "0" });
  const first = start();
  await first.listening();
  await first.stop("SIGKILL");

  let took = Number.POSITIVE_INFINITY;
  // A second attempt excludes that this machine was busy.
  for (let attempt = 0; attempt < 2 && took > READY_WITHIN_MS; attempt++) {
    const startedAt = performance.now();
    const again = start();
    const origin = await again.listening();
    expect((await fetch(`${origin}/readyz`)).status).toBe(200);
    took = performance.now() - startedAt;
    await again.stop("SIGKILL");
  }
  expect(took).toBeLessThan(READY_WITHIN_MS);
});
