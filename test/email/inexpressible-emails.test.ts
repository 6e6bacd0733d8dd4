import { expect, test } from "vitest";
import { aJob, allowAnyTimestamp, anEmail, aTask } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer();
await allowAnyTimestamp(server.sql);
const owner = await server.as();

const ownTask = (columns: object = {}) => aTask(server.sql, { user_id: owner.userId, ...columns });

test("an email that violates the schema is null with an error of its own, and the page is complete", async () => {
  const id = await ownTask();
  await aJob(server.sql, { task_id: id, email_id: await anEmail(server.sql), created_at: "2025-01-02Z" });
  const broken = await aJob(server.sql, {
    task_id: id,
    email_id: await anEmail(server.sql),
    created_at: "2025-01-01Z",
  });
  await server.sql`alter table emails alter column is_catchall drop not null`;
  await server.sql`update emails set is_catchall = null where id = (select email_id from task_email_jobs where id = ${broken})`;
  const { body } = await owner.query(`{ taskJobs(taskId: "${id}") { jobs { id email { isCatchall } } count } }`);
  expect(body.data.taskJobs.jobs.map((job: { email: unknown }) => job.email)).toEqual([{ isCatchall: false }, null]);
  expect(body.data.taskJobs.count).toBe(2);
  expect(body.errors).toHaveLength(1);
  expect(body.errors[0]).toMatchObject({
    message: "Unexpected server error",
    path: ["taskJobs", "jobs", 1, "email"],
    extensions: { code: "INTERNAL_SERVER_ERROR" },
  });

  const rest = await owner.get(`/api/v1/tasks/${id}/jobs`);
  const page = JSON.parse(await rest.text());
  expect(rest.status).toBe(200);
  expect(page.jobs.map((job: { email?: unknown }) => "email" in job)).toEqual([true, false]);
});

test.each(["first", "compiled"])(
  "a timestamp that RFC 3339 cannot express makes only its email null on both APIs, %s run",
  async (run) => {
    const id = await ownTask();
    await aJob(server.sql, { task_id: id, email_id: await anEmail(server.sql, { validated_at: "infinity" }) });
    const runs = run === "compiled" ? 4 : 1;
    // Each run has its own document, because a document is compiled when it is repeated.
    const fields = `${run}: id email { id validatedAt }`;
    const queries: [string, (string | number)[]][] = [
      [`{ taskJobs(taskId: "${id}") { jobs { ${fields} } } }`, ["taskJobs", "jobs", 0, "email"]],
      [`{ task(id: "${id}") { jobs { nodes { ${fields} } } } }`, ["task", "jobs", "nodes", 0, "email"]],
      [
        `{ taskJobs(taskId: "${id}", filter: { status: [PENDING] }) { jobs { ${fields} } } }`,
        ["taskJobs", "jobs", 0, "email"],
      ],
    ];
    for (const [query, path] of queries) {
      for (let i = 0; i < runs; i++) {
        const { body } = await owner.query(query);
        expect(body.errors).toEqual([expect.objectContaining({ message: "Unexpected server error", path })]);
        expect(JSON.stringify(body.data)).toContain('"email":null');
      }
    }
    for (const query of ["jobs", "jobs?after=", "jobs?status=pending", "jobs/export"]) {
      for (let i = 0; i < runs; i++) {
        const response = await owner.get(`/api/v1/tasks/${id}/${query}`);
        const text = await response.text();
        expect([response.status, text.includes("email_address"), text.includes('"email":')]).toEqual([
          200,
          true,
          false,
        ]);
      }
    }
  },
);
