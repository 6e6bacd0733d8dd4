import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { aJob, allowAnyTimestamp, aTask, someJobs } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer();
await allowAnyTimestamp(server.sql);
const [owner, stranger, admin] = await Promise.all([server.as(), server.as(), server.as({ isAdmin: true })]);

const ownTask = (columns: object = {}) => aTask(server.sql, { user_id: owner.userId, ...columns });

describe("task", () => {
  test("a task can be read by its owner and an admin, and is NOT_FOUND for another user", async () => {
    const id = await ownTask({
      source: "list.csv",
      created_at: "2025-01-01T00:00:00.5Z",
      updated_at: "2025-01-02T00:00:00Z",
    });
    const query = `{ task(id: "${id}") { id userId source createdAt updatedAt __typename } }`;
    const expected = {
      id,
      userId: owner.userId,
      source: "list.csv",
      createdAt: "2025-01-01T00:00:00.5Z",
      updatedAt: "2025-01-02T00:00:00Z",
      __typename: "Task",
    };
    expect((await owner.query(query)).body.data.task).toEqual(expected);
    expect((await admin.query(query)).body.data.task).toEqual(expected);
    const foreign = (await stranger.query(query)).body;
    const missing = (await stranger.query(query.replace(id, randomUUID()))).body;
    expect(foreign.errors[0].extensions.code).toBe("NOT_FOUND");
    expect(foreign).toEqual(missing);
  });

  test("a task gives its jobs by cursor, with emails, filter and order, in four statements", async () => {
    const id = await ownTask();
    await someJobs(server.sql, id, 25);
    await aJob(server.sql, { task_id: id, status: "failed", created_at: "2030-01-01T00:00:00Z" });
    const query = `query ($id: UUID!, $after: String) { task(id: $id) {
      jobs(first: 20, after: $after) {
        nodes { id } edges { cursor node { id status email { status } } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } } }`;
    let first: { edges: { cursor: string }[]; pageInfo: { endCursor: string } } | undefined;
    const statements = await server.countStatements(async () => {
      first = (await owner.query(query, { id })).body.data.task.jobs;
    });
    expect(statements).toBe(4);
    expect(first).toMatchObject({ totalCount: 26, pageInfo: { hasNextPage: true, hasPreviousPage: false } });
    expect(first?.edges[0]).toMatchObject({ node: { status: "FAILED", email: null } });
    const second = (await owner.query(query, { id, after: first?.pageInfo.endCursor })).body.data.task.jobs;
    expect(second).toMatchObject({ totalCount: 26, pageInfo: { hasNextPage: false, hasPreviousPage: true } });
    expect(second.edges).toHaveLength(6);

    const failed = `{ task(id: "${id}") { jobs(filter: { status: [FAILED] }, orderBy: UPDATED_AT_ASC) { nodes { status } totalCount } } }`;
    expect((await owner.query(failed)).body.data.task.jobs).toEqual({ nodes: [{ status: "FAILED" }], totalCount: 1 });
  });

  test("a cursor of another order and an argument out of bounds are BAD_USER_INPUT", async () => {
    const id = await ownTask();
    await someJobs(server.sql, id, 3);
    const { body } = await owner.query(`{ task(id: "${id}") { jobs(first: 1) { pageInfo { endCursor } } } }`);
    const cursor = body.data.task.jobs.pageInfo.endCursor;
    for (const args of [
      `after: "${cursor}", orderBy: CREATED_AT_ASC`,
      'after: "x"',
      "first: 0",
      "last: 101",
      "first: 1, last: 1",
    ]) {
      const refused = (await owner.query(`{ task(id: "${id}") { jobs(${args}) { totalCount } } }`)).body;
      expect(refused.errors[0].extensions).toMatchObject({
        code: "BAD_USER_INPUT",
        details: [{ field: expect.any(String) }],
      });
    }
  });
});

test("taskJobs with a filter returns and counts only the matching jobs", async () => {
  const id = await ownTask();
  await someJobs(server.sql, id, 5);
  await aJob(server.sql, { task_id: id, status: "failed" });
  const { body } = await owner.query(
    `{ failed: taskJobs(taskId: "${id}", filter: { status: [FAILED] }) { jobs { status } count }
       none: taskJobs(taskId: "${id}", filter: { status: [] }) { jobs { id } count }
       all: taskJobs(taskId: "${id}", filter: {}) { count } }`,
  );
  expect(body.data).toEqual({
    failed: { jobs: [{ status: "FAILED" }], count: 1 },
    none: { jobs: [], count: 0 },
    all: { count: 6 },
  });
});

describe("node and nodes", () => {
  test("nodes keeps the order of the ids and returns null for ids that the viewer cannot read", async () => {
    const [one, two, foreign] = [await ownTask(), await ownTask(), await aTask(server.sql)];
    const ids = [two, foreign, randomUUID(), one, "nonsense", one.toUpperCase()];
    const query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Task { userId } } }";
    const { nodes } = (await owner.query(query, { ids })).body.data;
    const found = (id: string) => ({ id, userId: owner.userId });
    expect(nodes).toEqual([found(two), null, null, found(one), null, found(one)]);
    // Repeat the document, so that it is also executed by compiled code.
    for (let times = 0; times < 5; times++) {
      const { body } = await owner.query(`{ none: node(id: "${foreign}") { id } one: node(id: "${one}") { id } }`);
      expect([body.data, body.errors]).toEqual([{ none: null, one: { id: one } }, undefined]);
    }
  });
});

test("viewer returns the user of the credential", async () => {
  // Repeat the document, so that it is also executed by compiled code.
  for (let times = 0; times < 5; times++) {
    const { body } = await admin.query("{ viewer { userId isAdmin } }");
    expect(body.data.viewer).toEqual({ userId: admin.userId, isAdmin: true });
  }
});

describe("tasks", () => {
  test("paging by cursor returns the tasks of the viewer, newest first, with as many statements for 12 tasks as for one", async () => {
    const reader = await server.as();
    const ids: string[] = [];
    for (let i = 0; i < 12; i++) {
      ids.unshift(await aTask(server.sql, { user_id: reader.userId, created_at: `2025-01-${10 + i}T00:00:00Z` }));
    }
    await aTask(server.sql, { user_id: reader.userId, deleted_at: "2025-01-01Z" });
    const query = `query ($after: String, $first: Int) { tasks(first: $first, after: $after) {
      nodes { id progress { total } } pageInfo { endCursor hasNextPage } totalCount } }`;
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const response = await reader.query(query, { after, first: 5 });
      const tasks: {
        totalCount: number;
        nodes: { id: string }[];
        pageInfo: { hasNextPage: boolean; endCursor: string };
      } = response.body.data.tasks;
      expect(tasks.totalCount).toBe(12);
      seen.push(...tasks.nodes.map((task) => task.id));
      after = tasks.pageInfo.hasNextPage ? tasks.pageInfo.endCursor : null;
    } while (after !== null);
    expect(seen).toEqual(ids);
    // Each call has its own filter, because progress that was just counted costs no statement.
    const counting = query.replace("progress {", "progress(filter: { q: X }) {");
    const countFor = (first: number) =>
      server.countStatements(() => reader.query(counting.replace("q: X", `addressContains: "${first}"`), { first }));
    expect([await countFor(1), await countFor(12)]).toEqual([3, 3]);
  });

  test("an admin can read the tasks of all users and filter them by user", async () => {
    const id = await ownTask();
    const query = `{ tasks(first: 100, filter: { userId: "${owner.userId}" }) { nodes { id } } }`;
    const idsFor = async (viewer: typeof owner) =>
      (await viewer.query(query)).body.data.tasks.nodes.map((task: { id: string }) => task.id);
    expect(await idsFor(admin)).toContain(id);
    expect(await idsFor(stranger)).toEqual([]);
  });
});
