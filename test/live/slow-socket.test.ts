import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { someJobs } from "../support/builders.ts";
import { connectSocket, runOperation } from "../support/socket-reader.ts";
import { sharedTestServer } from "../support/test-server.ts";
import { userWithTask } from "../support/user-with-task.ts";

const TOKEN = "a-token-of-this-test-0123456789";
const server = await sharedTestServer({
  environment: { METRICS_TOKEN: TOKEN, LIVE_STREAMS_PER_USER: "3" },
  httpLimits: { maxBufferedBytes: 512 * 1024 },
  liveTimes: { beatEveryMs: 200 },
});
const { sql, url } = server;

/** The response to a page of 100 jobs has about 450 KB. */
const ALIASES = Array.from({ length: 30 }, (_, index) => `${"a".repeat(120)}${index}: emailAddress`).join(" ");
const LARGE_PAGE = `query ($id: UUID!) { taskJobs(taskId: $id, limit: 100) { jobs { ${ALIASES} } } }`;
/** 3 subscriptions and 10 queries may run at once on a connection. The buffers of the two sockets hold about nine results. */
const QUERIES = 13;

async function rejected(): Promise<string | undefined> {
  const metrics = await fetch(`${url}/metrics`, { headers: { Authorization: `Bearer ${TOKEN}` } });
  return /^rejected_requests_total\{limit="unread"\} (\d+)$/m.exec(await metrics.text())?.[1];
}

test("a client that reads slowly and answers pings is disconnected when too many bytes wait for it, and others are not", async () => {
  const { id, connectionParams } = await userWithTask(server);
  await someJobs(sql, id, 100);
  const [slow, other] = await Promise.all([1, 2].map(() => connectSocket({ url, connectionParams })));
  if (slow === undefined || other === undefined) throw new Error("two connections are needed");
  const { _socket: connection } = slow.socket as unknown as { readonly _socket: Socket };
  connection.pause();
  const reading = setInterval(() => {
    slow.socket.pong();
    // Node reads at most 64 KB for each call.
    connection.read(1024);
  }, 20);
  for (let name = 1; name <= QUERIES; name += 1)
    slow.send({ type: "subscribe", id: String(name), payload: { query: LARGE_PAGE, variables: { id } } });
  await expect.poll(rejected, { timeout: 5000 }).toBe("1");
  clearInterval(reading);
  connection.resume();
  expect((await slow.closed).code).toBe(1006);
  expect((await runOperation(other, "1", { query: "{ viewer { userId } }" }).result()).data).toBeDefined();
  await other.close();
});
