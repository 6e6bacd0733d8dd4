import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { TransactionSql } from "postgres";
import { beforeEach, expect, test } from "vitest";
import { aJob, anEmail, aTask } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";
import { waitingStatements } from "../support/waiting-statements.ts";

const server = await sharedTestServer({ liveTimes: { lookEveryMs: 50, checkEveryMs: 50 } });
const { sql } = server;

beforeEach(() => {
  server.logLines.length = 0;
});

const linesOf = (requestId: string) => server.logLines.filter((line) => line.includes(`"requestId":"${requestId}"`));

/** Jobs of 48 KB each as JSON, which are together more than the buffers of the sockets hold. */
async function aTaskWithLongJobs(userId: string): Promise<string> {
  const id = await aTask(sql, { user_id: userId });
  const email = await anEmail(sql, { unknown_reason: "\u0001".repeat(4000) });
  await sql`
    insert into task_email_jobs (task_id, email_id, email_address)
    select ${id}, ${email}, repeat(chr(1), 4000) from generate_series(1, 200)`;
  return id;
}

/** Asks for the events of a task, and reads the beginning of the response. */
async function readSlowly(key: string, taskId: string, requestId: string) {
  const socket = connect(server.port, "127.0.0.1");
  socket.write(
    `GET /api/v1/tasks/${taskId}/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${key}\r\n` +
      `Accept: text/event-stream\r\nX-Request-ID: ${requestId}\r\n\r\n`,
  );
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk) => (text += chunk));
  while (!text.includes("event: job")) await once(socket, "data");
  socket.pause();
  /** Reads the response to its last chunk. */
  async function readToEnd(): Promise<void> {
    socket.resume();
    while (!text.endsWith("\r\n0\r\n\r\n")) await once(socket, "data");
  }
  return { socket, readToEnd, events: () => [...text.matchAll(/^event: (\w+)$/gm)].map(([, event]) => event) };
}

test("a stream sends no further job of a page after its key is revoked, or its client has left", async () => {
  const { userId, key } = await server.as();
  const taskId = await aTaskWithLongJobs(userId);
  const [leaving, revoked] = await Promise.all([
    readSlowly(key, taskId, "leaving"),
    readSlowly(key, taskId, "revoked"),
  ]);
  leaving.socket.destroy();
  await expect.poll(() => linesOf("leaving").length).toBe(1);
  await sql`update api_keys set revoked_at = now() where user_id = ${userId}`;
  await sleep(200);
  await revoked.readToEnd();
  expect(revoked.events().at(-1)).toBe("failure");
  revoked.socket.destroy();
  expect(server.logLines.filter((line) => !line.includes('"level":30'))).toEqual([]);
});

test("a client that leaves during a read is logged once, and not as the failure of a dependency", async () => {
  const user = await server.as();
  const id = await aTask(sql, { user_id: user.userId });
  await aJob(sql, { task_id: id, email_id: await anEmail(sql) });
  async function leaveDuringReadOf(table: string, whileLocked: (tx: TransactionSql) => Promise<void>) {
    const client = new AbortController();
    const headers = { "X-Request-ID": table };
    await sql.begin(async (tx) => {
      await tx`lock table ${tx(table)}`;
      const asked = user.get(`/api/v1/tasks/${id}/jobs`, { headers, signal: client.signal });
      await expect.poll(() => waitingStatements(tx), { interval: 10 }).toBe(1);
      client.abort();
      await expect(asked).rejects.toThrow("abort");
      await expect.poll(() => linesOf(table).length).toBe(1);
      await whileLocked(tx);
    });
  }
  // The page is read, and the batch of its emails does not begin any more.
  await leaveDuringReadOf("task_email_jobs", async () => {});
  // The read of the key ends with the lock_timeout.
  await leaveDuringReadOf("api_keys", (tx) => expect.poll(() => waitingStatements(tx), { interval: 10 }).toBe(0));
  await user.get(`/api/v1/tasks/${id}/jobs`);
  for (const table of ["task_email_jobs", "api_keys"]) {
    const lines = linesOf(table).map((line) => JSON.parse(line));
    expect(lines).toEqual([expect.objectContaining({ msg: "request", aborted: true })]);
  }
});
