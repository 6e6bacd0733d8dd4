import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { anEmail } from "../support/builders.ts";
import { PROGRESS } from "../support/event-reader.ts";
import { holdReadsOf } from "../support/held-reads.ts";
import { connectSocket, handshake, openSocket, runOperation } from "../support/socket-reader.ts";
import { serveDatabase, sharedTestServer } from "../support/test-server.ts";
import { userWithTask } from "../support/user-with-task.ts";

const server = await sharedTestServer({
  environment: { LIVE_STREAMS: "12", LIVE_STREAMS_PER_USER: "3" },
  liveTimes: { lookEveryMs: 150, checkEveryMs: 100 },
});
const { sql, url } = server;
const VIEWER = "{ viewer { userId } }";

test("too many subscriptions of a user are refused one by one, and a client that completes one may begin another", async () => {
  const { id, connectionParams } = await userWithTask(server);
  const payload = { query: PROGRESS, variables: { id } };
  const socket = await connectSocket({ url, connectionParams });
  const readers = ["1", "2", "3"].map((name) => runOperation(socket, name, payload));
  for (const reader of readers) await reader.result();
  const { errors } = await runOperation(socket, "4", payload).result();
  expect(errors).toEqual([
    { message: "This user already has 3 open streams, which is the limit", extensions: { code: "RATE_LIMITED" } },
  ]);
  expect((await runOperation(socket, "5", { query: VIEWER }).result()).data).toBeDefined();
  socket.send({ type: "complete", id: "1" });
  await expect
    .poll(async () => (await runOperation(socket, String(Math.random()), payload).next()).data)
    .toContain('"total":1');
  await socket.close();
});

test("connections are limited per user, and in total after those without a credential were closed", async () => {
  const { connectionParams } = await userWithTask(server);
  const open = await Promise.all([1, 2, 3].map(() => connectSocket({ url, connectionParams })));
  const fourth = await openSocket({ url });
  fourth.send({ type: "connection_init", payload: connectionParams });
  expect(await fourth.closed).toEqual({ code: 1013, reason: expect.stringContaining("3 WebSocket connections") });
  for (let count = 0; count < 3; count += 1) {
    const more = await userWithTask(server);
    open.push(...(await Promise.all([1, 2, 3].map(() => connectSocket({ url, ...more })))));
  }
  expect((await handshake(server.port, {})).status).toBe(503);
  await open.pop()?.close();
  const silent = await openSocket({ url });
  const newest = await openSocket({ url });
  expect((await silent.closed).code).toBe(1006);
  await Promise.all([...open, newest].map((socket) => socket.close()));
});

test("a stop answers running queries, closes with 1001, and does not wait for a client that confirms nothing", async () => {
  const { connectionParams, id } = await userWithTask(server);
  await sql`update task_email_jobs set email_id = ${await anEmail(sql)} where task_id = ${id}`;
  // The query waits until the test says so.
  const patient = { STATEMENT_TIMEOUT_MS: "20000", REQUEST_TIMEOUT_MS: "20000" };
  const stopped = await serveDatabase(server.database.url, patient, { liveTimes: { lookEveryMs: 150 } });
  const [busy, deaf] = await Promise.all([1, 2].map(() => connectSocket({ url: stopped.url, connectionParams })));
  if (busy === undefined || deaf === undefined) throw new Error("two connections are needed");
  const progress = runOperation(busy, "1", { query: PROGRESS, variables: { id } });
  await progress.result();
  // The subscription does not read this table.
  const emails = await holdReadsOf(sql, "emails");
  const query = runOperation(busy, "2", {
    query: "query ($id: UUID!) { taskJobs(taskId: $id) { jobs { email { id } } } }",
    variables: { id },
  });
  await expect.poll(emails.countHeld, { interval: 10 }).toBe(1);
  deaf.socket.pause();
  void stopped.close();
  await expect.poll(() => stopped.app.server.listening, { interval: 10 }).toBe(false);
  await emails.release();
  expect(await query.result()).toEqual({
    data: { taskJobs: { jobs: [{ email: { id: expect.any(String) } }] } },
    extensions: expect.anything(),
  });
  expect((await query.next()).event).toBe("complete");
  await emails.restore();
  expect(await busy.closed).toMatchObject({ code: 1001 });
  expect((await progress.next()).event).toBe("cut");
  await expect
    .poll(() =>
      fetch(stopped.url).then(
        () => "open",
        () => "closed",
      ),
    )
    .toBe("closed");
  expect(deaf.socket.readyState).toBe(WebSocket.OPEN);
  await deaf.close();
});

test("with a rate limit, operations count for the user, and bad credentials for the address", async () => {
  const limited = await serveDatabase(server.database.url, { RATE_LIMIT: "3/m" });
  try {
    const { connectionParams } = await userWithTask(server);
    const socket = await connectSocket({ url: limited.url, connectionParams });
    const codes: unknown[] = [];
    for (const id of ["1", "2", "3", "4"])
      codes.push((await runOperation(socket, id, { query: VIEWER }).result()).errors?.[0].extensions.code);
    expect(codes).toEqual([undefined, undefined, undefined, "RATE_LIMITED"]);
    const refused = await openSocket({ url: limited.url });
    refused.send({ type: "connection_init", payload: connectionParams });
    expect(await refused.closed).toEqual({ code: 1013, reason: "Too many requests" });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const bad = await openSocket({ url: limited.url });
      bad.send({ type: "connection_init", payload: { authorization: "Bearer x" } });
      expect((await bad.closed).code).toBe(4401);
    }
    const another = await openSocket({ url: limited.url });
    another.send({ type: "connection_init", payload: { authorization: "Bearer x" } });
    expect((await another.closed).code).toBe(1013);
    expect((await handshake(limited.port, {})).status).toBe(429);
    expect((await fetch(`${limited.url}/graphql`)).status).toBe(429);
    await socket.close();
  } finally {
    await limited.close();
  }
});
