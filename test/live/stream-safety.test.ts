import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { aJob, anEmail, aTask, someJobs } from "../support/builders.ts";
import { CHANGES, PROGRESS, subscriber, TRANSPORTS } from "../support/event-reader.ts";
import { asSuperuser } from "../support/test-database.ts";
import { serveDatabase, sharedTestServer } from "../support/test-server.ts";
import { userWithTask } from "../support/user-with-task.ts";

const TOKEN = "a-token-of-this-test-0123456789";
const liveTimes = { lookEveryMs: 150, checkEveryMs: 100 };
const environment = { LIVE_STREAMS: "12", LIVE_STREAMS_PER_USER: "4", DATABASE_POOL_SIZE: "4", METRICS_TOKEN: TOKEN };
const server = await sharedTestServer({ environment, liveTimes });
const { sql } = server;
const { subscribe, open, by } = subscriber();

const scrape = async () =>
  (await fetch(`${server.url}/metrics`, { headers: { Authorization: `Bearer ${TOKEN}` } })).text();

/** The statements of this database that contain a text and have ended. */
async function statementsWith(text: string): Promise<number> {
  const [row] = await sql`
    select coalesce(sum(calls), 0)::int as calls from pg_stat_statements
    where query like ${`%${text}%`} and query not like '%pg_stat_statements%'
      and dbid = (select oid from pg_database where datname = current_database())`;
  return row?.calls as number;
}

test("a subscription that is sent as a plain request is refused with a hint, and executed in no part", async () => {
  const { user, id } = await userWithTask(server);
  for (const accept of ["application/json", "*/*", "multipart/mixed;subscriptionSpec=1.0, application/json"]) {
    const { body } = await user.query(PROGRESS, { id }, { Accept: accept });
    expect(body.data).toBeUndefined();
    expect(body.errors[0].message).toContain("Accept: text/event-stream");
  }
});

test("a query may be sent as a stream, and a subscription by GET", async () => {
  const { user, id } = await userWithTask(server);
  const query = await subscribe(user, "{ viewer { userId } }");
  expect((await query.reader.result()).data.viewer.userId).toBe(user.userId);
  expect((await query.reader.next()).event).toBe("complete");
  const parameters = new URLSearchParams({ query: PROGRESS, variables: JSON.stringify({ id }) });
  const { reader } = await open(user, `/graphql?${parameters}`);
  expect((await reader.result()).data.taskProgress.total).toBe(1);
});

test("a HEAD request for a subscription ends after the headers", async () => {
  const { user, id } = await userWithTask(server);
  const parameters = new URLSearchParams({ query: PROGRESS, variables: JSON.stringify({ id }) });
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  const headers = `Host: localhost\r\nAuthorization: Bearer ${user.key}\r\n`;
  socket.write(`HEAD /graphql?${parameters} HTTP/1.1\r\n${headers}Accept: text/event-stream\r\n\r\n`);
  socket.write(`GET /nowhere HTTP/1.1\r\n${headers}\r\n`);
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  await expect.poll(() => text).toMatch(/^HTTP\/1.1 200 .*text\/event-stream.*\r\n\r\nHTTP\/1.1 404 /s);
  socket.destroy();
});

test("streams hold no slot and no connection, are limited per user, and leave the metrics when they close", async () => {
  const { user, id } = await userWithTask(server);
  const streams = [];
  for (let count = 0; count < 4; count += 1) streams.push(await subscribe(user, PROGRESS, { id }));
  for (const { reader } of streams) await reader.result();
  expect(await scrape()).toMatch(/^live_streams\{kind="sse"\} 4$/m);
  const { response } = await subscribe(user, PROGRESS, { id });
  expect([response.status, response.headers.get("retry-after")]).toEqual([429, "10"]);
  const query = await subscribe(user, "{ viewer { userId } }");
  expect((await query.reader.result()).data.viewer.userId).toBe(user.userId);
  const pages = await Promise.all(Array.from({ length: 8 }, () => user.get(`/api/v1/tasks/${id}/jobs`)));
  expect(pages.map(({ status }) => status)).toEqual(Array(8).fill(200));
  await Promise.all(streams.map(({ reader }) => reader.close()));
  await expect.poll(scrape).toMatch(/^live_streams\{kind="sse"\} 0$/m);
  await expect.poll(scrape).toMatch(/^live_watched_tasks 0$/m);
});

test("a graceful stop does not wait for the client of a stream to close its connection", async () => {
  const { user, id } = await userWithTask(server);
  const stopped = await serveDatabase(server.database.url, environment, { liveTimes });
  const { hostname, port } = new URL(stopped.url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.on("error", () => {});
  socket.write(
    `GET /api/v1/tasks/${id}/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${user.key}\r\n\r\n`,
  );
  await new Promise((resolve) => socket.once("data", resolve));
  const startedAt = performance.now();
  await stopped.close();
  expect(performance.now() - startedAt).toBeLessThan(5000);
  socket.destroy();
});

test("for a reader who reads nothing, changes wait in the database", async () => {
  const user = await server.as();
  const id = await aTask(sql, { user_id: user.userId });
  await someJobs(sql, id, 12_000);
  const aliases = Array.from({ length: 30 }, (_, index) => `${"a".repeat(120)}${index}: emailAddress`).join(" ");
  const query = `subscription ($id: UUID!) { taskJobChanges(taskId: $id) { nodes { ${aliases} } } }`;
  const socket = connect(server.port, "127.0.0.1");
  const body = JSON.stringify({ query, variables: { id } });
  socket.pause();
  await sql`create extension if not exists pg_stat_statements`;
  const before = await statementsWith("written_by");
  const pages = await server.countStatements(async () => {
    socket.write(
      `POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${user.key}\r\nAccept: text/event-stream\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await expect.poll(() => statementsWith("written_by")).toBeGreaterThan(before + 2);
    await sleep(1000);
  });
  socket.destroy();
  // All pages together have 45 MB, and the buffers of the two sockets hold only a few MB.
  expect(pages).toBeLessThan(60);
});

test("watchers of one task with one document share its readings, by SSE and WebSocket, and no statement runs without watchers", async () => {
  const { user, id, job } = await userWithTask(server);
  const streams = await Promise.all(
    [...TRANSPORTS, ...TRANSPORTS].map((transport) => by(transport)(user, PROGRESS, { id })),
  );
  for (const { reader } of streams) await reader.result();
  await sql`create extension if not exists pg_stat_statements`;
  const looks = () => statementsWith("recent.next_signature");
  const countsRun = () => statementsWith("group by 1, 2, 5");
  // The first look makes all watchers read once more, which ends long before the third.
  const firstLook = await looks();
  await expect.poll(looks).toBeGreaterThan(firstLook + 3);
  const before = await countsRun();
  await sql`update task_email_jobs set status = 'processing', updated_at = now() where id = ${job}`;
  for (const { reader } of streams) expect((await reader.result()).data.taskProgress.pending).toBe(0);
  expect((await countsRun()) - before).toBe(1);
  await Promise.all(streams.map(({ reader }) => reader.close()));
  await expect.poll(scrape).toMatch(/^live_watched_tasks 0$/m);
  // The last look may still run.
  await expect.poll(() => server.countStatements(() => sleep(500))).toBe(0);
});

test("a stream stays open while the database is unreachable, and then delivers what was missed", async () => {
  const { user, id, job } = await userWithTask(server);
  const streams = await Promise.all(TRANSPORTS.map((transport) => by(transport)(user, CHANGES, { id })));
  await Promise.all(streams.map(({ reader }) => reader.result()));
  const { name } = server.database;
  await asSuperuser(async (superuser) => {
    await superuser`alter database ${superuser(name)} with allow_connections false`;
    await superuser`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`;
    await sleep(1000);
    await superuser`alter database ${superuser(name)} with allow_connections true`;
  });
  await sql`update task_email_jobs set status = 'failed', updated_at = now() where id = ${job}`;
  for (const { reader } of streams)
    expect((await reader.result()).data.taskJobChanges.nodes).toEqual([{ id: job, statusWord: "failed" }]);
});

test("a reading that fails because the database is too slow is repeated and not sent", async () => {
  const user = await server.as();
  const id = await aTask(sql, { user_id: user.userId });
  const email = await anEmail(sql);
  const job = await aJob(sql, { task_id: id, email_id: email });
  const query = "subscription ($id: UUID!) { taskJobChanges(taskId: $id) { nodes { statusWord email { email } } } }";
  const streams = await Promise.all(TRANSPORTS.map((transport) => by(transport)(user, query, { id })));
  await Promise.all(streams.map(({ reader }) => reader.result()));
  await sql.begin(async (transaction) => {
    await transaction`lock table emails in access exclusive mode`;
    await sql`update task_email_jobs set status = 'failed', updated_at = now() where id = ${job}`;
    await sleep(1500);
  });
  for (const { reader } of streams)
    expect((await reader.result()).data.taskJobChanges.nodes).toEqual([
      { statusWord: "failed", email: { email: "ada@example.com" } },
    ]);
});

describe.each(TRANSPORTS)("subscriptions by %s", (transport) => {
  const subscribe = by(transport);

  test("a foreign, a missing and a deleted task are the same error, which ends the stream", async () => {
    const [{ user }, { id: foreign }] = [await userWithTask(server), await userWithTask(server)];
    const deleted = await aTask(sql, { user_id: user.userId, deleted_at: "2025-01-01T00:00:00Z" });
    for (const query of [PROGRESS, CHANGES]) {
      const texts = new Set<string>();
      for (const id of [foreign, deleted, randomUUID()]) {
        const { reader } = await subscribe(user, query, { id });
        texts.add((await reader.next()).data);
        expect((await reader.next()).event).toBe("complete");
      }
      expect(texts.size).toBe(1);
      expect([...texts][0]).toContain('"code":"NOT_FOUND"');
    }
  });

  test("an admin may watch the task of another user", async () => {
    const { id } = await userWithTask(server);
    const admin = await server.as({ isAdmin: true });
    const { reader } = await subscribe(admin, PROGRESS, { id });
    expect((await reader.result()).data.taskProgress.total).toBe(1);
  });

  test("a revoked key and a deleted task end the stream with their code", async () => {
    const { user, id } = await userWithTask(server);
    const other = await userWithTask(server);
    const revoked = await subscribe(user, CHANGES, { id });
    const deleted = await subscribe(other.user, PROGRESS, { id: other.id });
    await Promise.all([revoked.reader.result(), deleted.reader.result()]);
    await sql`update api_keys set revoked_at = now() where user_id = ${user.userId}`;
    await sql`update tasks set deleted_at = now() where id = ${other.id}`;
    expect((await revoked.reader.result()).errors[0].extensions.code).toBe("UNAUTHENTICATED");
    expect((await revoked.reader.next()).event).toBe("complete");
    expect((await deleted.reader.result()).errors[0].extensions.code).toBe("NOT_FOUND");
    expect((await deleted.reader.next()).event).toBe("complete");
  });

  test("invalid documents, variables, cursors and sizes are the errors of queries", async () => {
    const { user, id } = await userWithTask(server);
    const codeOf = async (query: string, variables: object = {}) => {
      const { reader } = await subscribe(user, query, variables);
      const { errors } = await reader.result();
      expect((await reader.next()).event).toBe("complete");
      return errors[0].extensions.code;
    };
    expect(await codeOf("subscription {")).toBe("GRAPHQL_PARSE_FAILED");
    expect(await codeOf("subscription { nothing }")).toBe("GRAPHQL_VALIDATION_FAILED");
    expect(await codeOf(PROGRESS, { id: "x" })).toBe("BAD_USER_INPUT");
    expect(await codeOf(CHANGES, { id, after: "x" })).toBe("BAD_USER_INPUT");
    expect(await codeOf(CHANGES, { id, first: 101 })).toBe("BAD_USER_INPUT");
  });

  test("a root field of a subscription with @skip or @include is refused, because the field might be left out", async () => {
    const { user, id } = await userWithTask(server);
    const documents = [
      "subscription ($id: UUID!) { taskProgress(taskId: $id) @include(if: false) { total } }",
      "subscription ($id: UUID!, $no: Boolean = true) { taskProgress(taskId: $id) @skip(if: $no) { total } }",
      "subscription ($id: UUID!) { ... @include(if: true) { taskProgress(taskId: $id) { total } } }",
      "subscription ($id: UUID!) { ...F @skip(if: true) } fragment F on Subscription { taskProgress(taskId: $id) { total } }",
    ];
    for (const query of documents) {
      const { reader } = await subscribe(user, query, { id });
      const { errors } = await reader.result();
      expect(errors).toMatchObject([{ extensions: { code: "GRAPHQL_VALIDATION_FAILED" } }]);
      expect((await reader.next()).event).toBe("complete");
      expect((await user.query(query, { id })).body.errors[0].extensions.code).toBe("GRAPHQL_VALIDATION_FAILED");
    }
    const nested = "subscription ($id: UUID!) { taskProgress(taskId: $id) { total percent @skip(if: true) } }";
    const { reader } = await subscribe(user, nested, { id });
    expect((await reader.result()).data).toEqual({ taskProgress: { total: 1 } });
  });

  test("a graceful stop closes streams without complete, and the cursor resumes at another server", async () => {
    const { user, id, job } = await userWithTask(server);
    const first = await serveDatabase(server.database.url, environment, { liveTimes });
    const get = (path: string, init: RequestInit = {}) =>
      fetch(first.url + path, { ...init, headers: { Authorization: `Bearer ${user.key}`, ...init.headers } });
    const { reader } = await subscribe({ ...user, url: first.url, get }, CHANGES, { id });
    const { endCursor } = (await reader.result()).data.taskJobChanges.pageInfo;
    const closed = first.close();
    expect((await reader.next()).event).toBe("cut");
    await closed;
    await sql`update task_email_jobs set status = 'failed', updated_at = now() where id = ${job}`;
    const resumed = await subscribe(user, CHANGES, { id, after: endCursor });
    expect((await resumed.reader.result()).data.taskJobChanges.nodes).toEqual([{ id: job, statusWord: "failed" }]);
  });
});
