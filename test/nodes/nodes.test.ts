import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { aJob, anEmail, aTask } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer();
const [owner, stranger, admin] = [await server.as(), await server.as(), await server.as({ isAdmin: true })];

/** A job with an email in a task of the owner. */
async function ownJob(columns: object = {}) {
  const task = await aTask(server.sql, { user_id: owner.userId });
  const email = await anEmail(server.sql);
  const job = await aJob(server.sql, { task_id: task, email_id: email, status: "completed", ...columns });
  return { task, job, email };
}

const NODE = `query ($id: ID!) { node(id: $id) { id __typename
  ... on Task { userId } ... on TaskJob { taskId emailAddress email { status } } ... on Email { address: email deliverability } } }`;
const own = await ownJob();
const ids = Object.values(own);

/** Statements besides the one that reads the API key. */
const statementsOf = async (work: () => Promise<unknown>) => (await server.countStatements(work)) - 1;

describe("node and nodes", () => {
  test("node returns a task, a job and an email by its id, in any case, to its owner and to an admin", async () => {
    const expected = [
      { id: own.task, __typename: "Task", userId: owner.userId },
      {
        id: own.job,
        __typename: "TaskJob",
        taskId: own.task,
        emailAddress: "ada@example.com",
        email: { status: "valid" },
      },
      { id: own.email, __typename: "Email", address: "ada@example.com", deliverability: "DELIVERABLE" },
    ];
    for (const viewer of [owner, admin]) {
      for (const [index, id] of ids.entries()) {
        const { body } = await viewer.query(NODE, { id: id.toUpperCase() });
        expect([body.data.node, body.errors]).toEqual([expected[index], undefined]);
      }
    }
  });

  test("node gives another user the same response for a foreign, a deleted and a missing object", async () => {
    const deletedJob = await ownJob({ deleted_at: "2025-01-01Z" });
    const inDeletedTask = await ownJob();
    await server.sql`update tasks set deleted_at = now() where id = ${inDeletedTask.task}`;
    const deletedEmail = await ownJob();
    await server.sql`update emails set deleted_at = now() where id = ${deletedEmail.email}`;
    const orphan = await anEmail(server.sql);
    const hidden = [deletedJob.job, deletedJob.email, ...Object.values(inDeletedTask), deletedEmail.email, orphan];
    for (const viewer of [owner, admin]) {
      const { body } = await viewer.query("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", { ids: hidden });
      expect([body.data.nodes, body.errors]).toEqual([hidden.map(() => null), undefined]);
    }
    const bodies = await Promise.all(
      [...ids, randomUUID(), "nonsense"].map(async (id) => JSON.stringify((await stranger.query(NODE, { id })).body)),
    );
    expect(new Set(bodies).size).toBe(1);
  });

  test("an email is a node for each user with a task that refers to it, and for no other user", async () => {
    const theirs = await aTask(server.sql, { user_id: stranger.userId });
    const shared = await ownJob();
    await aJob(server.sql, { task_id: theirs, email_id: shared.email });
    const reader = await server.as();
    const nodeOf = async (viewer: typeof owner) => (await viewer.query(NODE, { id: shared.email })).body.data.node?.id;
    expect([await nodeOf(owner), await nodeOf(stranger), await nodeOf(reader)]).toEqual([
      shared.email,
      shared.email,
      undefined,
    ]);
  });

  test("nodes of 99 ids of every kind take as many statements as nodes of three ids", async () => {
    const rows = await Promise.all(Array.from({ length: 31 }, () => ownJob()));
    const many = rows.flatMap(({ task, job, email }) => [email, job, task]);
    const asked = [...many, "nonsense", randomUUID(), own.job, own.job.toUpperCase()];
    const read = async (wanted: string[]) =>
      (await owner.query("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", { ids: wanted })).body.data.nodes;
    let found: ({ id: string } | null)[] = [];
    const statements = await statementsOf(async () => {
      found = await read(asked);
    });
    expect(found.map((node) => node?.id ?? null)).toEqual([...many, null, null, own.job, own.job]);
    // Tasks, jobs, the tasks of emails, and emails.
    expect([statements, await statementsOf(() => read(ids))]).toEqual([4, 4]);
    expect(await statementsOf(() => read([own.task, own.task.toUpperCase()]))).toBe(1);
    expect(await statementsOf(() => read([own.job]))).toBe(2);
  });

  test("more than 100 ids are refused before any statement", async () => {
    const query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    const statements = await statementsOf(async () => {
      const { body } = await owner.query(query, { ids: Array.from({ length: 101 }, () => randomUUID()) });
      expect(body.errors[0].extensions).toMatchObject({ code: "BAD_USER_INPUT", details: [{ field: "ids" }] });
    });
    expect(statements).toBe(0);
  });
});

describe("taskJob", () => {
  const JOB = "query ($id: UUID!, $taskId: UUID) { taskJob(id: $id, taskId: $taskId) { id taskId email { status } } }";
  const found = { id: own.job, taskId: own.task, email: { status: "valid" } };

  test("taskJob returns the job with and without its task, and again when the document is compiled", async () => {
    for (const variables of [{ id: own.job }, { id: own.job.toUpperCase(), taskId: own.task.toUpperCase() }]) {
      for (let times = 0; times < 4; times++) {
        const { body } = await owner.query(JOB, variables);
        expect([body.data, body.errors]).toEqual([{ taskJob: found }, undefined]);
      }
    }
    expect((await admin.query(JOB, { id: own.job })).body.data.taskJob).toEqual(found);
  });

  test("a job that is foreign, missing, deleted or of another task is NOT_FOUND with the same response", async () => {
    const other = await ownJob();
    const deleted = await ownJob({ deleted_at: "2025-01-01Z" });
    const answers = await Promise.all([
      stranger.query(JOB, { id: own.job }),
      stranger.query(JOB, { id: own.job, taskId: own.task }),
      owner.query(JOB, { id: randomUUID() }),
      owner.query(JOB, { id: own.job, taskId: other.task }),
      owner.query(JOB, { id: own.job, taskId: randomUUID() }),
      owner.query(JOB, { id: deleted.job, taskId: deleted.task }),
      owner.query(JOB, { id: own.task }),
      owner.query(JOB, { id: own.email }),
    ]);
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(answers[0]?.body).toMatchObject({ data: null, errors: [{ extensions: { code: "NOT_FOUND" } }] });
  });

  test("aliases of several jobs are read by one statement, also with different tasks, and are charged one by one", async () => {
    const [one, two] = [await ownJob(), await ownJob()];
    const query = `{ a: taskJob(id: "${one.job}") { id } b: taskJob(id: "${two.job}", taskId: "${two.task}") { id }
      c: taskJob(id: "${own.job}", taskId: "${own.task}") { id } d: taskJob(id: "${one.job}", taskId: "${one.task}") { id } }`;
    let answer: { data: Record<string, { id: string }>; extensions: { cost: { requested: number } } } | undefined;
    const statements = await statementsOf(async () => {
      answer = (await owner.query(query)).body;
    });
    expect(Object.values(answer?.data ?? {}).map(({ id }) => id)).toEqual([one.job, two.job, own.job, one.job]);
    expect([statements, answer?.extensions.cost.requested]).toEqual([1, 8]);
    const wrong = query.replace(`b: taskJob(id: "${two.job}"`, `b: taskJob(id: "${one.job}"`);
    expect((await owner.query(wrong)).body.errors).toMatchObject([{ path: ["b"] }]);
  });
});

describe("the audit lines", () => {
  const linesOf = (userId: string) =>
    server.logLines.map((line) => JSON.parse(line)).filter((line) => line.audit && line.userId === userId);

  test("a denied job is logged with its id, and an admin's read with its task", async () => {
    const [reader, reviewer] = [await server.as(), await server.as({ isAdmin: true })];
    await reader.query(`{ taskJob(id: "${own.job}") { id } }`);
    await reader.query(`{ node(id: "${own.email}") { id } }`);
    await reviewer.query(`{ node(id: "${own.email}") { id } }`);
    await reviewer.query(`{ taskJob(id: "${own.job}") { id } }`);
    await expect.poll(() => linesOf(reviewer.userId).length).toBe(2);
    expect(linesOf(reader.userId)).toMatchObject([
      { audit: "denied", count: 1, jobIds: [own.job] },
      { audit: "denied", count: 1, taskIds: [own.email] },
    ]);
    const read = { audit: "admin_read", count: 1, taskIds: [own.task] };
    expect(linesOf(reviewer.userId)).toMatchObject([read, read]);
  });
});

describe("GET /api/v1/tasks/{id}/jobs/{job_id}", () => {
  const path = `/api/v1/tasks/${own.task}/jobs/${own.job}`;

  test("the job has the bytes that the documented page has for it", async () => {
    const page = await (await owner.get(`/api/v1/tasks/${own.task}/jobs`)).text();
    const response = await owner.get(
      path.toUpperCase().replace("/API/V1/TASKS", "/api/v1/tasks").replace("JOBS", "jobs"),
    );
    const text = await response.text();
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json; charset=utf-8"]);
    expect(page).toBe(`{"jobs":[${text}],"count":1,"limit":10,"offset":0}`);
  });

  test("a job without a result has no key `email`", async () => {
    const pending = await aJob(server.sql, { task_id: own.task });
    const job = JSON.parse(await (await owner.get(path.replace(own.job, pending))).text());
    expect([job.id, job.status, "email" in job]).toEqual([pending, "pending", false]);
  });

  test("the path of a job has ETag, HEAD, OPTIONS and the errors of the other paths", async () => {
    const tag = (await owner.get(path)).headers.get("etag") ?? "";
    expect((await owner.get(path, { headers: { "If-None-Match": tag } })).status).toBe(304);
    const head = await owner.get(path, { method: "HEAD" });
    expect([head.status, head.headers.get("etag"), await head.text()]).toEqual([200, tag, ""]);
    const other = await owner.get(path, { method: "DELETE" });
    expect([other.status, other.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
    expect((await fetch(server.url + path)).status).toBe(401);
    expect((await owner.get(path, { headers: { Accept: "text/csv" } })).status).toBe(406);
    const wrong = JSON.parse(await (await owner.get("/api/v1/tasks/x/jobs/y?z=1")).text());
    expect(wrong.error.details.map(({ field }: { field: string }) => field)).toEqual(["z", "id", "job_id"]);
  });

  test("a foreign, a missing and a deleted job and task have the same 404", async () => {
    const other = await ownJob();
    const deleted = await ownJob({ deleted_at: "2025-01-01Z" });
    const answers = await Promise.all([
      stranger.get(path),
      owner.get(path.replace(own.job, randomUUID())),
      owner.get(path.replace(own.task, randomUUID())),
      owner.get(path.replace(own.task, other.task)),
      owner.get(`/api/v1/tasks/${deleted.task}/jobs/${deleted.job}`),
    ]);
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
    expect(new Set(texts)).toEqual(
      new Set(['{"error":{"code":"NOT_FOUND","message":"Email job not found","details":[]}}']),
    );
  });

  test("a request for one job takes two statements, one of which reads its email", async () => {
    expect(await statementsOf(() => owner.get(path))).toBe(2);
  });
});
