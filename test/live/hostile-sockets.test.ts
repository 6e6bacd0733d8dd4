import { expect, test } from "vitest";
import { aJob, aTask } from "../support/builders.ts";
import { PROGRESS } from "../support/event-reader.ts";
import { connectSocket, runOperation, type TestSocket } from "../support/socket-reader.ts";
import { sharedTestServer } from "../support/test-server.ts";

const TOKEN = "a-token-of-this-test-0123456789";
const server = await sharedTestServer({
  environment: { METRICS_TOKEN: TOKEN },
  liveTimes: { lookEveryMs: 150, checkEveryMs: 100 },
});
const { sql, url } = server;
const VIEWER = "{ viewer { userId } }";

async function openStreams() {
  const metrics = await fetch(`${url}/metrics`, { headers: { Authorization: `Bearer ${TOKEN}` } });
  return Number(/^live_streams\{kind="websocket"\} (\d+)$/m.exec(await metrics.text())?.[1]);
}

async function aConnection() {
  const user = await server.as();
  const id = await aTask(sql, { user_id: user.userId });
  await aJob(sql, { task_id: id });
  const connection = await connectSocket({ url, connectionParams: { authorization: `Bearer ${user.key}` } });
  return { connection, progress: { query: PROGRESS, variables: { id } } };
}

/** Sends several messages in one packet, which the server therefore reads in one turn of its event loop. */
function sendTogether({ socket }: TestSocket, ...messages: object[]): void {
  const { _socket: connection } = socket as unknown as { _socket: { cork: () => void; uncork: () => void } };
  connection.cork();
  for (const message of messages) socket.send(JSON.stringify(message));
  connection.uncork();
}

test.each([
  ["a subscription", true],
  ["a query", false],
])(
  "an id that is used again before %s with it has ended closes the connection and leaves no stream",
  async (_what, isSubscription) => {
    const { connection, progress } = await aConnection();
    sendTogether(
      connection,
      { type: "subscribe", id: "1", payload: isSubscription ? progress : { query: VIEWER } },
      { type: "complete", id: "1" },
      { type: "subscribe", id: "1", payload: progress },
    );
    expect((await connection.closed).code).toBe(4409);
    await expect.poll(openStreams).toBe(0);
  },
);

test("an id may be used again after its operation has ended", async () => {
  const { connection, progress } = await aConnection();
  for (const payload of [{ query: VIEWER }, { query: "{" }, progress]) {
    const operation = runOperation(connection, "1", payload);
    await operation.result();
    if (payload !== progress) await operation.next();
  }
  expect(await openStreams()).toBe(1);
  await connection.close();
  await expect.poll(openStreams).toBe(0);
});

test("a connection with a repeated long id is closed with the code of repeated ids", async () => {
  const { connection, progress } = await aConnection();
  const id = "é".repeat(128);
  await runOperation(connection, id, progress).result();
  connection.send({ type: "subscribe", id, payload: progress });
  expect((await connection.closed).code).toBe(4409);
});
