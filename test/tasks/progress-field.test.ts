import { describe, expect, test } from "vitest";
import { aJob, allowAnyTimestamp, anEmail, aTask, someJobs } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer();
await allowAnyTimestamp(server.sql);
const owner = await server.as();

const ownTask = (columns: object = {}) => aTask(server.sql, { user_id: owner.userId, ...columns });

describe("progress", () => {
  test("progress counts the statuses and results of all jobs or of the matching jobs", async () => {
    const id = await ownTask();
    const job = async (status: string, emailStatus: string | null, columns: object = {}) =>
      aJob(server.sql, {
        task_id: id,
        status,
        email_id: emailStatus === null ? null : await anEmail(server.sql, { status: emailStatus, ...columns }),
        updated_at: "2025-01-01T00:00:00.25Z",
      });
    await job("completed", "valid", { is_role_based: true });
    await job("completed", "not_exists");
    await job("completed", "disposable_domain");
    await job("completed", "catchall", { is_disposable: true });
    await job("failed", null);
    await job("processing", null);
    await job("completed", "valid", { is_role_based: true, is_disposable: true, deleted_at: "2025-01-02Z" });
    await aJob(server.sql, { task_id: id, updated_at: "2025-01-03Z", deleted_at: "2025-01-03Z" });
    const { body } = await owner.query(`{ task(id: "${id}") {
      progress { total pending processing completed failed percent isComplete lastUpdatedAt
        deliverability { deliverable undeliverable risky unknown }
        verification { exists notExists catchall invalidSyntax unknown roleBased disposableDomainEmails } }
      polled: progress { total completed lastUpdatedAt }
      done: progress(filter: { status: [COMPLETED] }) { total percent isComplete lastUpdatedAt } } }`);
    expect(body.data.task).toEqual({
      progress: {
        total: 7,
        pending: 0,
        processing: 1,
        completed: 5,
        failed: 1,
        percent: 85,
        isComplete: false,
        lastUpdatedAt: "2025-01-01T00:00:00.25Z",
        deliverability: { deliverable: 1, undeliverable: 1, risky: 2, unknown: 0 },
        verification: {
          exists: 1,
          notExists: 1,
          catchall: 1,
          invalidSyntax: 0,
          unknown: 0,
          roleBased: 1,
          disposableDomainEmails: 2,
        },
      },
      polled: { total: 7, completed: 5, lastUpdatedAt: "2025-01-01T00:00:00.25Z" },
      done: { total: 5, percent: 100, isComplete: true, lastUpdatedAt: "2025-01-01T00:00:00.25Z" },
    });
  });

  test("the progress of a task is counted at most once per second for a thousand polls", async () => {
    const id = await ownTask();
    await someJobs(server.sql, id, 10);
    const poll = () => owner.query(`{ task(id: "${id}") { progress { total } } }`);
    const aggregates = async () =>
      (
        await server.sql`select coalesce(sum(calls), 0)::int as calls from pg_stat_statements
          where query like '%job.status, count(*)%' and query not like '%pg_stat_statements%'
          and dbid = (select oid from pg_database where datname = current_database())`
      )[0]?.calls as number;
    await server.countStatements(poll);
    const [before, startedAt] = [await aggregates(), performance.now()];
    for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 50 }, poll));
    expect(await aggregates()).toBeGreaterThan(0);
    expect((await aggregates()) - before).toBeLessThanOrEqual(Math.ceil((performance.now() - startedAt) / 1000) + 1);
  });
});
