import { describe, expect, test } from "vitest";
import { CHANGES, PROGRESS } from "../support/event-reader.ts";
import { sendRaw } from "../support/raw-request.ts";
import { connectSocket, handshake, openSocket, readOperation, runOperation } from "../support/socket-reader.ts";
import { serveDatabase, sharedTestServer } from "../support/test-server.ts";
import { userWithTask } from "../support/user-with-task.ts";

const TOKEN = "a-token-of-this-test-0123456789";
const server = await sharedTestServer({
  environment: {
    CORS_ORIGINS: "https://*.app.example",
    METRICS_TOKEN: TOKEN,
  },
  liveTimes: { lookEveryMs: 150, checkEveryMs: 100 },
});
const { sql, url } = server;
const VIEWER = "{ viewer { userId } }";

describe("the credential of a connection", () => {
  test("a credential may be in connectionParams, in any case, or in the headers of the handshake", async () => {
    const { key, userId } = await server.as();
    const options = [
      { connectionParams: { authorization: `Bearer ${key}` } },
      { connectionParams: { Authorization: `bearer ${key}` } },
      { connectionParams: { "X-API-Key": key } },
      { connectionParams: { headers: { Authorization: `Bearer ${key}` } } },
      { headers: { Authorization: `Bearer ${key}` } },
      // A proxy may use the header for itself.
      { headers: { Authorization: "Basic eDp5" }, connectionParams: { authorization: `Bearer ${key}` } },
    ];
    for (const option of options) {
      const socket = await connectSocket({ url, ...option });
      expect((await runOperation(socket, "1", { query: VIEWER }).result()).data.viewer.userId).toBe(userId);
      await socket.close();
    }
  });

  test("a missing or invalid credential closes the connection with 4401", async () => {
    const { key } = await server.as();
    for (const payload of [
      undefined,
      {},
      { authorization: key },
      { authorization: 1 },
      { authorization: "Bearer x" },
    ]) {
      const socket = await openSocket({ url });
      socket.send({ type: "connection_init", payload });
      expect(await socket.closed).toEqual({ code: 4401, reason: "A valid API key or token is required" });
    }
    const byHeader = await openSocket({ url, headers: { Authorization: "Bearer x" } });
    byHeader.send({ type: "connection_init" });
    expect((await byHeader.closed).code).toBe(4401);
  });

  test("a credential is checked with each operation, and a revoked one closes the connection with 4401", async () => {
    const { user, id, connectionParams } = await userWithTask(server);
    // A running subscription is checked, too, and its end might close the connection before the query is answered.
    const [watching, idle] = await Promise.all([1, 2].map(() => connectSocket({ url, connectionParams })));
    if (watching === undefined || idle === undefined) throw new Error("two connections are needed");
    const changes = runOperation(watching, "1", { query: CHANGES, variables: { id } });
    await changes.result();
    await sql`update api_keys set revoked_at = now() where user_id = ${user.userId}`;
    const query = runOperation(idle, "1", { query: VIEWER });
    for (const reader of [query, changes])
      expect((await reader.result()).errors[0].extensions.code).toBe("UNAUTHENTICATED");
    for (const socket of [watching, idle]) expect((await socket.closed).code).toBe(4401);
  });
});

describe("a handshake", () => {
  test("a handshake of a page is accepted only from the same origin and from CORS_ORIGINS", async () => {
    const status = async (origin: string) => (await handshake(server.port, { Origin: origin })).status;
    expect(await Promise.all(["http://localhost", "https://one.app.example"].map(status))).toEqual([101, 101]);
    for (const origin of ["https://evil.example", "null", "https://localhost.evil.example"]) {
      const refused = await handshake(server.port, { Origin: origin });
      expect([refused.status, JSON.parse(refused.body).errors[0].extensions.code]).toEqual([403, "FORBIDDEN"]);
    }
  });

  test("a page is of the same origin as a Host with the default port or in another case, and of no other Host", async () => {
    const status = async ([host = "", origin = ""]: readonly string[]) =>
      (await handshake(server.port, { Host: host, Origin: origin })).status;
    const same = [
      ["localhost:80", "http://localhost"],
      ["app.example:443", "https://app.example"],
      ["APP.example", "https://app.example"],
    ];
    expect(await Promise.all(same.map(status))).toEqual([101, 101, 101]);
    const other = [
      ["app.example:443", "http://app.example"],
      ["app.example:8443", "https://app.example"],
      ["evil.example/app.example", "https://app.example"],
      ["user@app.example", "https://user"],
      ["", "https://app.example"],
    ];
    expect(await Promise.all(other.map(status))).toEqual([403, 403, 403, 403, 403]);
  });

  test("a handshake at another path is 404, and a malformed handshake is 400", async () => {
    for (const path of ["/", "/graphql/x", "/graphiql", "/api/v1/tasks", "/healthz"])
      expect((await handshake(server.port, {}, path)).status).toBe(404);
    expect((await handshake(server.port, { "Sec-WebSocket-Key": "x" })).status).toBe(400);
    const version = await handshake(server.port, { "Sec-WebSocket-Version": "7" });
    expect([version.status, /^Sec-WebSocket-Version: 13\r$/im.test(version.text)]).toEqual([400, true]);
  });

  test("an upgrade to another protocol than WebSocket is ignored", async () => {
    const { key } = await server.as();
    const body = JSON.stringify({ query: VIEWER });
    const { status, body: answer } = await sendRaw(
      server.port,
      `POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\n` +
        `Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect([status, JSON.parse(answer).errors]).toEqual([200, undefined]);
  });

  test("a connection with another subprotocol, or with none, is closed with the name of the right one", async () => {
    for (const protocols of [["graphql-ws"], []]) {
      const { closed } = await openSocket({ url, protocols });
      expect(await closed).toEqual({ code: 4406, reason: expect.stringContaining("graphql-transport-ws") });
    }
  });
});

test("a malformed, oversized, binary or unexpected message ends only its connection", async () => {
  const { id, connectionParams } = await userWithTask(server);
  const other = await connectSocket({ url, connectionParams });
  const progress = runOperation(other, "1", { query: PROGRESS, variables: { id } });
  await progress.result();
  server.logLines.length = 0;
  const init = JSON.stringify({ type: "connection_init", payload: connectionParams });
  const subscribe = (payload: unknown, key: unknown = "1") => JSON.stringify({ type: "subscribe", id: key, payload });
  const cases: [number, ...(string | Buffer)[]][] = [
    [4400, "{"],
    [4400, "null"],
    [4400, '{"type":"nothing"}'],
    [4400, '{"type":"connection_ack"}'],
    [4400, '{"type":"connection_init","payload":"\\ud800"}'],
    [4400, "[".repeat(5000)],
    [4401, subscribe({ query: VIEWER })],
    [4429, init, init],
    [4400, init, subscribe({ query: 1 })],
    [4400, init, subscribe({ query: VIEWER, variables: [] })],
    [4400, init, subscribe({ query: VIEWER }, 1)],
    [4400, init, subscribe({ query: VIEWER }, "x".repeat(200))],
    [4409, init, subscribe({ query: CHANGES, variables: { id } }), subscribe({ query: VIEWER })],
    [1003, Buffer.from(init)],
    [1009, `"${"x".repeat(200_000)}"`],
  ];
  for (const [code, ...messages] of cases) {
    const { socket, closed, next } = await openSocket({ url });
    for (const message of messages) {
      socket.send(message);
      if (message === init && code !== 4429) await next(({ type }) => type === "connection_ack");
    }
    expect([messages, (await closed).code]).toEqual([messages, code]);
  }
  for (const frame of [
    Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff]),
    Buffer.from([0xf1, 0x80]),
    Buffer.from("GET / HTTP"),
  ]) {
    const { write, closed } = await openSocket({ url });
    write(frame);
    expect([1002, 1007]).toContain((await closed).code);
  }
  const parts = await openSocket({ url });
  for (let part = 0; part < 1100; part += 1) parts.socket.send("", { fin: false });
  expect((await parts.closed).code).toBe(1008);
  await sql`update task_email_jobs set status = 'completed', updated_at = now() where task_id = ${id}`;
  expect((await progress.result()).data.taskProgress.completed).toBe(1);
  expect(server.logLines.filter((line) => /"level":[56]0/.test(line))).toEqual([]);
  await other.close();
});

test("a connection whose first message does not come in time is closed with 4408", async () => {
  const impatient = await serveDatabase(server.database.url, {}, { liveTimes: { connectionInitMs: 100 } });
  const { closed } = await openSocket({ url: impatient.url });
  expect((await closed).code).toBe(4408);
  await impatient.close();
});

test("a message in several frames is one message", async () => {
  const { connectionParams, user } = await userWithTask(server);
  const socket = await connectSocket({ url, connectionParams });
  const text = JSON.stringify({ type: "subscribe", id: "1", payload: { query: VIEWER } });
  socket.socket.send(text.slice(0, 20), { fin: false });
  socket.socket.send(text.slice(20));
  expect((await readOperation(socket, "1").result()).data.viewer.userId).toBe(user.userId);
  await socket.close();
});

test("queries are answered with one result, and a mutation is refused, as over HTTP", async () => {
  const { user, id, connectionParams } = await userWithTask(server);
  const socket = await connectSocket({ url, connectionParams });
  const query = 'query ($id: UUID!) { taskJobs(taskId: $id) { count } nothing: node(id: "x") { id } }';
  const { body } = await user.query(query, { id });
  const overSocket = runOperation(socket, "1", { query, variables: { id } });
  expect(await overSocket.result()).toEqual(body.data === undefined ? { errors: body.errors } : body);
  expect((await overSocket.next()).event).toBe("complete");
  for (const refused of ["mutation { deleteAll }", "{", "", "query A { a: __typename } query B { b: __typename }"]) {
    const { errors } = await runOperation(socket, `${refused}!`, { query: refused }).result();
    expect(errors).toEqual((await user.query(refused)).body.errors);
  }
  await socket.close();
});

test("a connection and each operation have a line in the log and are in the metrics", async () => {
  const { id, connectionParams } = await userWithTask(server);
  server.logLines.length = 0;
  const socket = await connectSocket({ url, connectionParams, headers: { "X-Request-ID": "ws-1" } });
  await runOperation(socket, "a", { query: VIEWER }).result();
  const progress = runOperation(socket, "b", { query: PROGRESS, variables: { id } });
  await progress.result();
  const scrape = async () => (await fetch(`${url}/metrics`, { headers: { Authorization: `Bearer ${TOKEN}` } })).text();
  await expect.poll(scrape).toMatch(/^live_sockets 1$/m);
  const text = await scrape();
  expect(text).toMatch(/^live_streams\{kind="websocket"\} 1$/m);
  expect(text).toMatch(/^live_events_total\{kind="websocket"\} [1-9]/m);
  await socket.close();
  await expect.poll(scrape).toMatch(/^live_sockets 0$/m);
  expect(await scrape()).toMatch(
    /^http_requests_total\{\w+="websocket",operation="taskProgress",status="200"\} [1-9]/m,
  );
  const logged = () =>
    server.logLines
      .map((line) => JSON.parse(line) as { msg: string; requestId: string })
      .filter(({ requestId }) => requestId?.startsWith("ws-1"))
      .toSorted((one, other) => one.requestId.localeCompare(other.requestId));
  await expect.poll(logged).toMatchObject([
    { msg: "request", requestId: "ws-1", path: "/graphql", status: 101, stream: true },
    { msg: "operation", requestId: "ws-1.1", operation: "viewer", status: 200 },
    { msg: "operation", requestId: "ws-1.2", operation: "taskProgress", status: 200, stream: true },
  ]);
});
