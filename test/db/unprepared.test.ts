import { expect, test } from "vitest";
import { aJob, aTask, someJobs } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer({
  environment: { DATABASE_PREPARED_STATEMENTS: "off", DATABASE_POOL_SIZE: "1" },
});
const owner = await server.as();

test("without prepared statements, repeated pages, totals, searches and GraphQL queries return the right rows", async () => {
  const taskId = await aTask(server.sql, { user_id: owner.userId });
  await someJobs(server.sql, taskId, 25);
  const failed = await aJob(server.sql, { task_id: taskId, status: "failed" });
  const rest = async (query: string) =>
    JSON.parse(await (await owner.get(`/api/v1/tasks/${taskId}/jobs${query}`)).text());
  for (let times = 0; times < 7; times++) {
    expect(await rest("?limit=20&offset=20")).toMatchObject({ count: 26, jobs: { length: 6 } });
    expect(await rest("?status=failed")).toMatchObject({ count: 1, jobs: [{ id: failed }] });
    const { body } = await owner.query(
      `{ task(id: "${taskId}") { progress { total } jobs(first: 3) { totalCount } } }`,
    );
    expect(body).toMatchObject({ data: { task: { progress: { total: 26 }, jobs: { totalCount: 26 } } } });
  }
});
