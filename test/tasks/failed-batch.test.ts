import { expect, test } from "vitest";
import { aTask } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer();
const owner = await server.as();
const taskId = await aTask(server.sql, { user_id: owner.userId });

test.each([
  ["tasks", `{ node(id: "${taskId}") { id } }`],
  ["tasks", `{ nodes(ids: ["${taskId}"]) { id } }`],
  ["task_email_jobs", `{ node(id: "${taskId}") { ... on Task { jobs { nodes { id } } } } }`],
  ["task_email_jobs", `{ nodes(ids: ["${taskId}"]) { ... on Task { jobs { nodes { id } } } } }`],
  [
    "task_email_jobs",
    `{ nodes(ids: ["${taskId}"]) { ... on Task { progress(filter: { addressContains: "a" }) { total } } } }`,
  ],
])("a failed statement on %s fails the whole request %s", async (table, document) => {
  const away = `${table}_away`;
  await server.sql`alter table ${server.sql(table)} rename to ${server.sql(away)}`;
  try {
    // From the third run on, the operation is compiled.
    for (let run = 1; run <= 4; run += 1) {
      const { status, body } = await owner.query(document, {}, { Accept: "application/graphql-response+json" });
      expect([status, body.data]).toEqual([500, null]);
      expect(body.errors[0].extensions.code).toBe("INTERNAL_SERVER_ERROR");
    }
  } finally {
    await server.sql`alter table ${server.sql(away)} rename to ${server.sql(table)}`;
  }
});
