import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import express from "express";
import { expect, test } from "vitest";
import { deadlineIn } from "../../src/deadline.ts";
import { errorHandler } from "../../src/http/error-handler.ts";
import { limitRequests } from "../../src/http/rate-limit.ts";
import { openHttpServer } from "../../src/http/server-limits.ts";
import { openLog } from "../../src/log.ts";
import { openRateLimiter } from "../../src/rate-limit/rate-limiter.ts";
import { aTask, someJobs } from "../support/builders.ts";
import { startTestServer } from "../support/test-server.ts";

/** Every request of ours is answered by its deadline and so gives its turn up; this one does not. */
async function limitsBesideARequestThatHangs() {
  const limiter = openRateLimiter(
    { store: "memory", points: 100, windowSeconds: 60 },
    { databaseUrl: null, preparedStatements: true },
    openLog("silent"),
  );
  const limits = limitRequests({ limiter, maxAtOnce: 1, onRefusal: () => {} });
  const authenticate = limits.authenticate(async () => ({ userId: crypto.randomUUID(), isAdmin: false }));
  const app = express().use(limits.beforeAuthentication);
  app.get("/:path", async (request, response) => {
    await authenticate(request, deadlineIn(300));
    if (request.params.path === "page") response.end();
  });
  app.use(errorHandler(openLog("silent")));
  const http = openHttpServer(app, { log: openLog("silent"), onRefusal: () => {} }, { silenceTimeoutMs: 30_000 });
  await once(http.listen(0, "127.0.0.1"), "listening");
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const get = (path: string, signal: AbortSignal | null = null) =>
    fetch(origin + path, { headers: { "X-API-Key": "tj_a" }, signal });
  const close = () => {
    http.close();
    http.closeAllConnections();
  };
  return { get, close };
}

test("a request waits for a turn until its deadline and no longer", async () => {
  const { get, close } = await limitsBesideARequestThatHangs();
  try {
    expect((await get("/page")).status).toBe(200);
    const leaving = new AbortController();
    const holder = get("/hangs", leaving.signal).catch(() => {});
    await sleep(50);
    const startedAt = performance.now();
    const late = await get("/page");
    expect([late.status, late.headers.get("retry-after")]).toEqual([429, "1"]);
    expect(performance.now() - startedAt).toBeLessThan(1500);
    leaving.abort();
    await holder;
    await expect.poll(async () => (await get("/page")).status).toBe(200);
  } finally {
    close();
  }
});

test("an export leaves its turn when the file begins", async () => {
  // One request of a credential at once.
  const server = await startTestServer({ environment: { RATE_LIMIT: "100/m", DATABASE_POOL_SIZE: "4" } });
  try {
    const viewer = await server.as();
    const taskId = await aTask(server.sql, { user_id: viewer.userId });
    await someJobs(server.sql, taskId, 100_000);
    const path = `/api/v1/tasks/${taskId}/jobs`;
    await viewer.get(path);
    const running = await viewer.get(`${path}/export`);
    expect(running.status).toBe(200);
    expect((await viewer.get(path)).status).toBe(200);
    await running.body?.cancel();
  } finally {
    await server.close();
  }
});
