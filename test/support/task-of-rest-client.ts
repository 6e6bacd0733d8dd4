import { expect } from "vitest";
import { aJob, aTask, someJobs } from "./builders.ts";
import { sharedTestServer } from "./test-server.ts";

/** A task of 15 jobs, three of which have unusual addresses, and requests of its owner to the REST paths of the task. */
export async function taskOfRestClient() {
  const server = await sharedTestServer();
  const owner = await server.as();
  const taskId = await aTask(server.sql, { user_id: owner.userId, created_at: "2025-01-01T00:00:00Z" });
  await someJobs(server.sql, taskId, 12);
  for (const [status, email_address] of [
    ["failed", "École@mail.test"],
    ["pending", "a\uFFFDb@mail.test"],
    ["pending", "plus+tag@mail.test"],
  ] as const)
    await aJob(server.sql, { task_id: taskId, status, email_address, created_at: "2025-02-01T00:00:00Z" });

  const paths = {
    page: `/api/v1/tasks/${taskId}/jobs`,
    export: `/api/v1/tasks/${taskId}/jobs/export`,
    task: `/api/v1/tasks/${taskId}`,
    tasks: "/api/v1/tasks",
  };
  return {
    server,
    owner,
    paths,
    statusOf: async (path: string, headers: Record<string, string> = {}) => (await owner.get(path, { headers })).status,
    faultsOf: async (path: string) => {
      const response = await owner.get(path);
      expect(response.status).toBe(400);
      return JSON.parse(await response.text()).error.details as { field: string; reason: string }[];
    },
    /** The `count` of a page with this query string. */
    countOf: async (query: string) => {
      const response = await owner.get(`${paths.page}?${query}`);
      expect(response.status).toBe(200);
      return JSON.parse(await response.text()).count;
    },
  };
}
