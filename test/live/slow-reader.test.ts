import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { aTask, someJobs } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

// The server looks for changes very often, so that the buffers of the sockets, which hold a few megabytes, are soon full.

const server = await sharedTestServer({ liveTimes: { lookEveryMs: 10, checkEveryMs: 1000 } });
const { sql } = server;

const FIELDS = 250;
const EVENT_BYTES = 30_000;
const CHANGES = 600;
/** The buffers of the two sockets hold some 135 events. */
const MAX_EVENTS = 220;

test("a slow reader of progress receives few events, and the last one is the newest", async () => {
  const user = await server.as();
  const id = await aTask(sql, { user_id: user.userId });
  await someJobs(sql, id, CHANGES + 1);
  await sql`update task_email_jobs set status = 'pending' where task_id = ${id}`;
  const aliases = Array.from({ length: FIELDS }, (_, field) => `${"a".repeat(EVENT_BYTES / FIELDS)}${field}: total`);
  const query = `subscription ($id: UUID!) { taskProgress(taskId: $id) { pending ${aliases.join(" ")} } }`;
  const body = JSON.stringify({ query, variables: { id } });
  const socket = connect(server.port, "127.0.0.1");
  socket.write(
    `POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${user.key}\r\nAccept: text/event-stream\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  let text = "";
  const pendings = () => [...text.matchAll(/"pending":(\d+)/g)].map(([, pending]) => Number(pending));
  socket.setEncoding("utf8").on("data", (chunk) => (text += chunk));
  await expect.poll(pendings).toEqual([CHANGES + 1]);

  socket.pause();
  const ids = (await sql<{ id: string }[]>`select id from task_email_jobs where task_id = ${id} limit ${CHANGES}`).map(
    (row) => row.id,
  );
  for (const job of ids) {
    await sql`update task_email_jobs set status = 'completed', updated_at = now() where id = ${job}`;
    await sleep(2);
  }
  text = "";
  socket.resume();
  await expect.poll(() => pendings().at(-1)).toBe(1);
  await sleep(200);
  socket.destroy();
  const seen = pendings();
  expect(seen).toEqual([...seen].sort((one, other) => other - one));
  expect(seen.length).toBeLessThan(MAX_EVENTS);
});
