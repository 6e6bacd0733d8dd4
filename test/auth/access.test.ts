import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { aTask, someJobs } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer();
const viewers = { owner: await server.as(), stranger: await server.as(), admin: await server.as({ isAdmin: true }) };
const tasks = {
  owned: await aTask(server.sql, { user_id: viewers.owner.userId }),
  strangers: await aTask(server.sql, { user_id: viewers.stranger.userId }),
  unowned: await aTask(server.sql, { user_id: null }),
  deleted: await aTask(server.sql, { user_id: viewers.owner.userId, deleted_at: "2025-01-01T00:00:00Z" }),
  missing: randomUUID(),
};
for (const id of [tasks.owned, tasks.strangers, tasks.unowned, tasks.deleted]) await someJobs(server.sql, id, 2);

const READS = {
  owner: { owned: true, strangers: false, unowned: false, deleted: false, missing: false },
  stranger: { owned: false, strangers: true, unowned: false, deleted: false, missing: false },
  admin: { owned: true, strangers: true, unowned: true, deleted: false, missing: false },
} as const;

const SELECTIONS = ["limit", "count", "jobs { id }", "__typename", "jobs { email { email } } count", "offset"];

describe.each(Object.entries(READS) as [keyof typeof READS, Record<keyof typeof tasks, boolean>][])(
  "access of %s",
  (who, may) => {
    test.each(Object.entries(may) as [keyof typeof tasks, boolean][])(
      `whether ${who} can read the %s task: %s`,
      async (which, readable) => {
        const rest = await viewers[who].get(`/api/v1/tasks/${tasks[which]}/jobs`);
        expect(rest.status).toBe(readable ? 200 : 404);
        for (const selection of SELECTIONS) {
          const { body } = await viewers[who].query(`{ taskJobs(taskId: "${tasks[which]}") { ${selection} } }`);
          if (readable) expect(body.data.taskJobs).not.toBeNull();
          else expect([body.data, body.errors[0].extensions.code]).toEqual([null, "NOT_FOUND"]);
        }
      },
    );
  },
);

test("both APIs send the same bytes for a task of another user, a deleted task and a missing task", async () => {
  const constantHeaders = (response: Response) =>
    [...response.headers].filter(([name]) => name !== "date" && name !== "x-request-id");
  const answers = await Promise.all(
    [tasks.strangers, tasks.deleted, tasks.missing, tasks.unowned].map(async (id) => {
      const rest = await viewers.owner.get(`/api/v1/tasks/${id}/jobs`);
      const graphql = await viewers.owner.get("/graphql", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ query: "query ($id: UUID!) { taskJobs(taskId: $id) { count } }", variables: { id } }),
      });
      return JSON.stringify([
        [rest.status, constantHeaders(rest), await rest.text()],
        [graphql.status, constantHeaders(graphql), await graphql.text()],
      ]);
    }),
  );
  expect(new Set(answers).size).toBe(1);
  expect(answers[0]).not.toContain(tasks.strangers);
});
