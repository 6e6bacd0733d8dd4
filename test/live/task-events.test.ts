import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { aJob, anEmail, aTask } from "../support/builders.ts";
import { type EventReader, subscriber } from "../support/event-reader.ts";
import { holdReadsOf } from "../support/held-reads.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer({
  environment: {
    LIVE_STREAMS_PER_USER: "3",
    CORS_ORIGINS: "https://app.example",
    METRICS_TOKEN: "a-token-of-this-test-0123456789",
    STATEMENT_TIMEOUT_MS: "10000",
  },
  liveTimes: { lookEveryMs: 150, checkEveryMs: 100 },
});
const { sql } = server;
const { open } = subscriber();

async function userWithJobs(count: number) {
  const user = await server.as();
  const id = await aTask(sql, { user_id: user.userId });
  const jobs: string[] = [];
  // Changes of long ago, because a reader who resumes may receive recent ones again.
  for (let index = 0; index < count; index += 1)
    jobs.push(await aJob(sql, { task_id: id, updated_at: `2025-01-01T00:00:0${index}Z` }));
  return { user, id, jobs, events: `/api/v1/tasks/${id}/events`, task: `/api/v1/tasks/${id}` };
}

const complete = (jobs: readonly string[]) =>
  sql`update task_email_jobs set status = 'completed', updated_at = ${new Date().toISOString()} where id = any(${`{${jobs.join(",")}}`}::uuid[])`;

/** Reads events until one of them matches, and returns all of them. */
async function readUntil(reader: EventReader, isLast: (event: { event: string; data: string }) => boolean) {
  const events = [await reader.next()];
  while (!isLast(events.at(-1) ?? { event: "", data: "" })) events.push(await reader.next());
  return events;
}

/** The requests that wait for a change and have seen that there is none yet. */
const openWaits = async () =>
  Number(/^live_streams\{kind="wait"\} (\d+)$/m.exec((await server.app.metrics?.text()) ?? "")?.[1]);

test("progress and jobs are sent in the documented shapes, and complete ends the stream", async () => {
  const { user, events, task, jobs } = await userWithJobs(2);
  const { response, reader } = await open(user, events);
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
  const seen = [await reader.next(), await reader.next(), await reader.next()];
  const data = (name: string) => seen.filter(({ event }) => event === name).map((event) => JSON.parse(event.data));
  const page = (await (await user.get(`${task}/jobs`)).json()) as { jobs: object[] };
  expect(data("job")).toEqual(page.jobs.toReversed());
  expect(data("progress")).toEqual([((await (await user.get(task)).json()) as { metrics: object }).metrics]);
  await complete(jobs);
  const last = await readUntil(reader, ({ event }) => event === "complete");
  expect(last.filter(({ event }) => event === "job").map((event) => JSON.parse(event.data).status)).toEqual([
    "completed",
    "completed",
  ]);
  expect(JSON.parse(last.findLast(({ event }) => event === "progress")?.data ?? "").progress_percent).toBe(100);
  expect((await reader.next()).event).toBe("end");
});

test("Last-Event-ID resumes after the last job that was received, and filters select jobs", async () => {
  const { user, events, jobs } = await userWithJobs(3);
  const first = await open(user, events);
  const seen = await readUntil(first.reader, ({ data }) => data.includes(jobs[1] as string));
  await first.reader.close();
  const { id = "" } = seen.findLast(({ event }) => event === "job") ?? {};
  await complete(jobs.slice(0, 1));
  const second = await open(user, events, { "Last-Event-ID": id });
  const resumed = await readUntil(second.reader, ({ data }) => data.includes(jobs[0] as string));
  const ids = resumed.filter(({ event }) => event === "job").map((event) => JSON.parse(event.data).id);
  expect(ids).toEqual([jobs[2], jobs[0]]);
  const filtered = await open(user, `${events}?status=completed`);
  const [job] = (await readUntil(filtered.reader, ({ event }) => event === "job")).slice(-1);
  expect(JSON.parse(job?.data ?? "").id).toBe(jobs[0]);
});

test("a reader who resumes in the middle of a batch receives changes at once that another reader has already received", async () => {
  const { user, events, jobs } = await userWithJobs(3);
  const other = await open(user, events);
  const seen = await readUntil(other.reader, ({ data }) => data.includes(jobs[2] as string));
  const { id = "" } = seen.find(({ data }) => data.includes(jobs[1] as string)) ?? {};
  await complete(jobs.slice(0, 1));
  await readUntil(other.reader, ({ event, data }) => event === "job" && data.includes(jobs[0] as string));
  const resumed = await open(user, events, { "Last-Event-ID": id });
  const delivered = await readUntil(resumed.reader, ({ data }) => data.includes(jobs[0] as string));
  const ids = delivered.filter(({ event }) => event === "job").map((event) => JSON.parse(event.data).id);
  expect(ids).toEqual([jobs[2], jobs[0]]);
});

test("errors before the stream are those of REST, and a deleted task is an event `failure`", async () => {
  const { user, events, id } = await userWithJobs(1);
  const status = async (path: string, headers: Record<string, string> = {}) =>
    (await open(user, path, headers)).response.status;
  expect(await status(`/api/v1/tasks/${randomUUID()}/events`)).toBe(404);
  expect(await status("/api/v1/tasks/x/events")).toBe(400);
  expect(await status(`${events}?unknown=1`)).toBe(400);
  expect(await status(events, { "Last-Event-ID": "x" })).toBe(400);
  expect(await status(events, { Accept: "application/json" })).toBe(406);
  expect((await fetch(server.url + events)).status).toBe(401);
  const head = await user.get(events, { method: "HEAD", headers: { Accept: "text/event-stream" } });
  expect([head.status, head.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
  const { reader } = await open(user, events);
  await reader.next();
  await sql`update tasks set deleted_at = now() where id = ${id}`;
  const seen = await readUntil(reader, ({ event }) => event === "failure");
  expect(JSON.parse(seen.at(-1)?.data ?? "").error.code).toBe("NOT_FOUND");
  expect((await reader.next()).event).toBe("end");
});

test("a request with Prefer: wait and the current entity tag is answered when the task changes", async () => {
  const { user, task, jobs } = await userWithJobs(2);
  const etag = (await user.get(task)).headers.get("etag") ?? "";
  const headers = { "If-None-Match": etag, Prefer: "respond-async, wait=20", Origin: "https://app.example" };
  const waiting = user.get(task, { headers });
  await expect.poll(openWaits).toBe(1);
  await complete(jobs.slice(0, 1));
  const response = await waiting;
  expect([response.status, response.headers.get("preference-applied")]).toEqual([200, "wait=20"]);
  expect(response.headers.get("access-control-expose-headers")?.split(",")).toContain("Preference-Applied");
  expect(((await response.json()) as { metrics: { job_status: object } }).metrics.job_status).toMatchObject({
    completed: 1,
  });
  const changed = await user.get(task, { headers });
  expect([changed.status, changed.headers.get("vary")?.includes("Prefer")]).toEqual([200, true]);
});

test("a request without an entity tag does not wait, and a wait ends with 401 when the key is revoked", async () => {
  const { user, task } = await userWithJobs(1);
  const etag = (await user.get(task)).headers.get("etag") ?? "";
  const without = await user.get(task, { headers: { Prefer: "wait=20" } });
  expect([without.status, without.headers.get("preference-applied")]).toEqual([200, null]);
  const waiting = user.get(task, { headers: { "If-None-Match": etag, Prefer: "wait=20" } });
  await expect.poll(openWaits).toBe(1);
  await sql`update api_keys set revoked_at = now() where user_id = ${user.userId}`;
  expect((await waiting).status).toBe(401);
});

test("when the time of a wait is up, a change that is just read is the response, and otherwise 304", async () => {
  const [changing, quiet] = [await userWithJobs(1), await userWithJobs(1)];
  await sql`update task_email_jobs set email_id = ${await anEmail(sql)} where task_id = ${changing.id}`;
  const waitFor = async ({ user, task }: typeof quiet) => {
    const headers = { "If-None-Match": (await user.get(task)).headers.get("etag") ?? "", Prefer: "wait=1" };
    const startedAt = performance.now();
    const response = await user.get(task, { headers });
    return { response, ms: performance.now() - startedAt };
  };
  const waiting = waitFor(changing);
  await expect.poll(openWaits).toBe(1);
  const unchanged = waitFor(quiet);
  // The look for changes does not read the records, but the progress does, which ends only after both waits.
  const emails = await holdReadsOf(sql, "emails");
  await complete(changing.jobs);
  const { response: notModified, ms } = await unchanged;
  expect([notModified.status, ms > 900]).toEqual([304, true]);
  await emails.release();
  const { response } = await waiting;
  expect([response.status, JSON.parse(await response.text()).metrics?.job_status.completed]).toEqual([200, 1]);
  await emails.restore();
});

test("a client that leaves while it waits for a change is no error, and frees its place", async () => {
  const { user, task } = await userWithJobs(1);
  const headers = { "If-None-Match": (await user.get(task)).headers.get("etag") ?? "", Prefer: "wait=20" };
  const client = new AbortController();
  const waiting = Array.from({ length: 3 }, () => user.get(task, { headers, signal: client.signal }));
  await expect.poll(openWaits).toBe(3);
  expect((await user.get(task, { headers })).status).toBe(429);
  server.logLines.length = 0;
  client.abort();
  await Promise.allSettled(waiting);
  await expect.poll(() => server.logLines.filter((line) => line.includes('"stream":true')).length).toBe(3);
  expect((await user.get(task, { headers: { ...headers, Prefer: "wait=1" } })).status).toBe(304);
  expect(server.logLines.filter((line) => line.includes('"level":50'))).toEqual([]);
});
