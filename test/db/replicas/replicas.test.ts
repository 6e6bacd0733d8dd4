import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { readConsistencyToken } from "../../../src/db/replicas/read-token.queries.ts";
import { openTestReplicas } from "../../support/replicas.ts";
import { openTcpProxy } from "../../support/tcp-proxy.ts";

const { primary, first, second, caller, server, page, ...set } = await openTestReplicas();

test("pages, searches, lists, progress, exports and GraphQL are read from replicas, with a token in each response", async () => {
  await set.allUsed();
  const before = await set.answered("primary");
  const paths = ["/jobs", "/jobs?status=pending", "/jobs?offset=200", "/jobs/export", ""];
  for (const path of [...paths.map((path) => `/api/v1/tasks/${set.taskId}${path}`), "/api/v1/tasks"]) {
    const response = await caller.get(path);
    expect([path, response.status, response.headers.get("Consistency-Token")]).toEqual([path, 200, expect.any(String)]);
    await response.text();
  }
  const { headers, body } = await caller.query(`{ taskJobs(taskId: "${set.taskId}") { count jobs { email { id } } } }`);
  expect(body.data.taskJobs.count).toBe(await set.countJobs());
  expect(headers.get("Consistency-Token")).toMatch(/^1\.[\w-]{19}$/);
  expect(await set.answered("primary")).toBe(before);
});

test("a page from a replica has the text of the page from the primary, which answers 304 for its entity tag", async () => {
  const fromReplica = await page();
  const fromPrimary = await page({ token: set.foreignToken });
  expect(await fromReplica.text()).toBe(await fromPrimary.text());
  expect(fromReplica.headers.get("Vary")).toBe(fromPrimary.headers.get("Vary"));
  const etag = fromReplica.headers.get("ETag") ?? "";
  const again = await page({ token: set.foreignToken, headers: { "If-None-Match": etag } });
  expect([again.status, again.headers.has("Consistency-Token")]).toEqual([304, true]);
});

test("while replay is paused, a request without a token sees old rows, and one with the token of a write sees the write", async () => {
  await set.allUsed();
  const before = await set.countJobs();
  const etag = (await page()).headers.get("ETag") ?? "";
  await set.pause(first, second);
  await set.addJobs(1);
  const token = await primary.run(readConsistencyToken);
  expect(await set.countOf(await page())).toBe(before);
  expect(await set.countOf(await page({ token }))).toBe(before + 1);
  // The other server has other rows, so it must not confirm the entity tag.
  expect((await page({ token, headers: { "If-None-Match": etag } })).status).toBe(200);
  expect((await page({ headers: { "If-None-Match": etag } })).status).toBe(304);
  const { body } = await caller.query(
    `{ task(id: "${set.taskId}") { progress { total } } }`,
    {},
    { "Consistency-Token": token },
  );
  expect(body.data.task.progress.total).toBe(before + 1);
  const listed = await caller.get(`/api/v1/tasks/${set.taskId}`, { headers: { "Consistency-Token": token } });
  expect(((await listed.json()) as { metrics: object }).metrics).toMatchObject({ total_email_addresses: before + 1 });
  const file = await caller.get(`/api/v1/tasks/${set.taskId}/jobs/export`, {
    headers: { "Consistency-Token": token },
  });
  expect((await file.text()).trim().split("\n")).toHaveLength(before + 1);
});

test("a count for a caller with a token of the future is not shared with a caller whose write it does not contain", async () => {
  await set.allUsed();
  const before = await set.countJobs();
  const progress = async (token: string | null) => {
    const headers = { "Consistency-Token": token ?? "" };
    const { body } = await caller.query(`{ task(id: "${set.taskId}") { progress { total } } }`, {}, headers);
    return body.data.task.progress.total;
  };
  expect(await progress(set.futureToken(await primary.run(readConsistencyToken)))).toBe(before);
  await set.addJobs(1);
  expect(await progress(await primary.run(readConsistencyToken))).toBe(before + 1);
});

test("a request with the token of a response of the primary is not answered by a replica that is behind", async () => {
  await set.allUsed();
  await set.pause(first, second);
  const count = (await set.countJobs()) + 1;
  await set.addJobs(1);
  const fromPrimary = await page({ token: set.foreignToken });
  expect(await set.countOf(fromPrimary)).toBe(count);
  const token = fromPrimary.headers.get("Consistency-Token");
  expect(await set.countOf(await page({ token }))).toBe(count);
  expect(await set.countOf(await page({ token: `${set.foreignToken}, ${token}` }))).toBe(count);
});

test("a revoked key is refused at once, although no replica has replayed the revocation", async () => {
  await set.allUsed();
  const other = await server.as({ userId: caller.userId });
  await set.pause(first, second);
  expect((await other.get("/api/v1/tasks")).status).toBe(200);
  await primary.run(
    (sql) => sql`update api_keys set revoked_at = now() where key_preview like ${`${other.key.slice(0, 8)}%`}`,
  );
  expect((await other.get("/api/v1/tasks")).status).toBe(401);
});

test("a caller who sends the last token never receives older rows, and a caller without tokens does", async () => {
  await set.allUsed();
  await second.configure({ recovery_min_apply_delay: "200ms" });
  const writing = new AbortController();
  const writer = primary.run(async (sql) => {
    while (!writing.signal.aborted) {
      await sql`insert into task_email_jobs (task_id, email_address) values (${set.taskId}, 'new@a.example')`;
      await delay(3);
    }
  });
  const startedAt = performance.now();
  let wentBack = false;
  const goesBack = async (withToken: boolean) => {
    let token: string | null = null;
    let last = 0;
    let times = 0;
    const elapsed = () => performance.now() - startedAt;
    while (elapsed() < 1200 || (!wentBack && elapsed() < 15_000)) {
      const response: Response = await page({ token, limit: 1 });
      expect(response.status).toBe(200);
      const count = await set.countOf(response);
      if (count < last) times += 1;
      if (times > 0) wentBack = true;
      last = count;
      if (withToken) token = response.headers.get("Consistency-Token");
    }
    return times;
  };
  const times = await Promise.all([goesBack(true), goesBack(false), goesBack(true), goesBack(false)]);
  writing.abort();
  await writer;
  await second.configure({ recovery_min_apply_delay: "0" });
  expect([times[0], times[2]]).toEqual([0, 0]);
  expect((times[1] ?? 0) + (times[3] ?? 0)).toBeGreaterThan(0);
});

test("deep pages are right at both servers, although they share bookmarks and have replayed different jobs", async () => {
  await set.allUsed();
  await set.pause(second);
  await set.addJobs(3);
  await first.replayed();
  const expected = await set.readOffsets();
  for (let round = 0; round < 12; round += 1) {
    for (const offset of [150, 160, 200]) {
      const response = await page({ limit: 1, query: `&offset=${offset}` });
      const { jobs, count } = (await response.json()) as { jobs: { id: string }[]; count: number };
      expect(jobs[0]?.id).toBe(expected(count)[offset]);
    }
  }
});

test("tokens of the future, of another cluster and of another version are answered by the primary", async () => {
  await set.allUsed();
  for (const token of [set.futureToken(await primary.run(readConsistencyToken)), set.foreignToken, "2.AAAA"]) {
    const before = await set.answered("primary");
    expect((await page({ token })).status).toBe(200);
    expect(await set.answered("primary")).toBe(before + 1);
  }
});

test("a replica that lags is not used until it has caught up, and an idle primary causes no lag", async () => {
  await set.allUsed();
  // No commit for longer than the limit.
  await delay(set.maxLagMs + 300);
  expect(await set.used()).toEqual([1, 1]);
  await set.pause(first);
  await set.addJobs(1);
  await set.becomes(first, "lags too far behind the primary");
  const count = await set.countJobs();
  for (let n = 0; n < 10; n += 1) expect(await set.countOf(await page())).toBe(count);
  expect(await set.lagOf(first)).toBeGreaterThan(set.maxLagMs / 1000);
  await set.resume(first);
  await set.becomes(first, null);
});

test("a standby that receives nothing lags, although it has replayed all that it has received", async () => {
  await set.allUsed();
  await first.stopReceiving();
  await set.addJobs(1);
  await set.becomes(first, "lags too far behind the primary");
  await first.run((sql) => sql`alter system reset primary_conninfo`);
  await first.run((sql) => sql.unsafe(`alter system set primary_conninfo = '${set.primaryConnection}'`));
  await first.run((sql) => sql`select pg_reload_conf()`);
  await set.becomes(first, null);
});

test("a replica URL with another database of the same cluster is not used", async () => {
  await primary.run((sql) => sql`create database other`);
  await first.replayed();
  const other = await set.serve(first.url.replace(/task_jobs$/, "other"));
  await expect.poll(other.lastReason).toBe("is another database, or belongs to another cluster");
  await other.close();
});

test("a read that a standby cannot answer is answered by the primary", async () => {
  await set.allUsed();
  // The standbys replay the lock, but not the end of its transaction.
  await primary.run((sql) =>
    sql.begin(async (transaction) => {
      await transaction`lock table task_email_jobs in access exclusive mode`;
      // A commit also flushes the lock to the log.
      await primary.run((other) => other`update tasks set source = 'changed'`);
      await Promise.all([first.replayed(), second.replayed()]);
      await set.pause(first, second);
    }),
  );
  const before = await set.failovers();
  const responses = await Promise.all(Array.from({ length: 10 }, () => page()));
  expect(responses.map(({ status }) => status)).toEqual(Array(10).fill(200));
  expect(await set.failovers()).toBeGreaterThan(before);
});

test("a frozen replica logs each reason once, however long it is frozen", async () => {
  await set.allUsed();
  const lines = server.logLines.length;
  first.freeze();
  try {
    await delay(4000);
  } finally {
    first.thaw();
  }
  await set.becomes(first, null);
  const reasons = server.logLines
    .slice(lines)
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => msg === "a replica answers no requests")
    .map(({ reason }) => reason);
  expect(reasons).toContain("does not answer");
  expect(reasons).toEqual([...new Set(reasons)]);
});

test("requests are answered while a replica is frozen, and the replica is used again after it thaws", async () => {
  await set.allUsed();
  first.freeze();
  const statuses = await set.statusesFor(1500);
  await expect.poll(set.used, { interval: 20 }).toEqual([0, 1]);
  first.thaw();
  expect([...new Set(statuses)]).toEqual([200]);
  await set.becomes(first, null);
});

test("requests are answered while a replica is down, and the replica is used again after its start", async () => {
  await set.allUsed();
  const statuses = set.statusesFor(1000);
  await delay(100);
  await first.kill();
  expect([...new Set(await statuses)]).toEqual([200]);
  await first.start();
  await set.becomes(first, null);
});

test("a replica that was promoted is not used, and its own rows are never served", async () => {
  await set.allUsed();
  const statuses = set.statusesFor(1000);
  await first.promote();
  await first.run((sql) => sql`delete from tasks`);
  expect([...new Set(await statuses)]).toEqual([200]);
  await set.becomes(first, "was promoted and is not the primary of DATABASE_URL");
});

test("a read that reaches another server than the measured one is answered by the primary", async () => {
  await second.replayed();
  const proxy = await openTcpProxy({ host: "127.0.0.1", port: second.port });
  const behindProxy = await set.serve(second.url.replace(`:${second.port}/`, `:${proxy.port}/`));
  // The promoted server has no tasks, and new connections lead to it.
  proxy.leadTo({ host: "127.0.0.1", port: first.port });
  const count = await set.countJobs();
  for (let n = 0; n < 5; n += 1) expect(await set.countOf(await behindProxy.page())).toBe(count);
  expect(await behindProxy.failovers()).toBeGreaterThan(0);
  await behindProxy.close();
  await proxy.close();
});

test("after a failover, the new primary is also used as a replica, and old tokens are answered", async () => {
  const both = await set.serve(
    second.url,
    `${primary.url.replace(`:${primary.port}/`, `:${primary.port},127.0.0.1:${second.port}/`)}?target_session_attrs=primary`,
  );
  const token = (await both.page()).headers.get("Consistency-Token");
  const before = await set.countJobs();
  // The key of this server's caller was just written.
  await second.replayed();
  await primary.kill();
  await second.promote();
  await expect.poll(async () => (await both.page({ token })).status).toBe(200);
  expect(await set.countOf(await both.page({ token }))).toBe(before);
  await expect
    .poll(async () => (await both.page()).headers.get("Consistency-Token")?.slice(0, 10))
    .not.toBe(token?.slice(0, 10));
  const answeredByReplica = async () => {
    const before = await both.answered();
    const { status } = await both.page();
    return [status, (await both.answered()) - before];
  };
  await expect.poll(answeredByReplica).toEqual([200, 1]);
  await both.close();
});

test("a server with replicas logs no error during these faults", () => {
  expect(server.logLines.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
});
