import { setImmediate } from "node:timers/promises";
import {
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  isIntrospectionType,
  isListType,
  isNonNullType,
  isObjectType,
} from "graphql";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { buildTaskJobsSchema } from "../../src/graphql/schema.ts";
import { aJob, allowAnyTimestamp, anEmail, aTask } from "../support/builders.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

// graphql-js 16 drops the promises of earlier list items when a later item fails before its first promise. If a dropped
// promise is rejected, no request handles it: docs/decisions/compiled-execution.md.

let server: TestServer;
let owner: Awaited<ReturnType<TestServer["as"]>>;
beforeAll(async () => {
  server = await startTestServer();
  owner = await server.as();
});
afterAll(() => server.close());

const unhandled: unknown[] = [];
const collectRejection = (reason: unknown) => unhandled.push(reason);
beforeEach(() => {
  process.on("unhandledRejection", collectRejection);
});
afterEach(() => {
  process.off("unhandledRejection", collectRejection);
});

/** Whether the promise of a value of this type may be rejected: a field below it that must not be null has a resolver. */
function mayBeRejected(type: GraphQLOutputType): boolean {
  const object = getNamedType(type);
  if (!isObjectType(object)) return false;
  return Object.values(object.getFields()).some(
    (field) => isNonNullType(field.type) && (field.resolve !== undefined || mayBeRejected(field.type)),
  );
}

function isListWhoseItemsMayBeRejected(type: GraphQLOutputType): boolean {
  const list = getNullableType(type);
  return isListType(list) && isNonNullType(list.ofType) && mayBeRejected(list.ofType);
}

test("only the items of the lists of tasks have promises that may be rejected", () => {
  const lists = Object.values(buildTaskJobsSchema().getTypeMap())
    .filter((type) => isObjectType(type) && !isIntrospectionType(type))
    .flatMap((type) => (isObjectType(type) ? Object.values(type.getFields()).map((field) => ({ type, field })) : []))
    .filter(({ field }) => isListWhoseItemsMayBeRejected(field.type))
    .map(({ type, field }) => `${type.name}.${field.name}`);
  expect(lists.sort()).toEqual(["TaskConnection.edges", "TaskConnection.nodes"]);
});

test("a list of tasks with unusual values in which several items fail leaves no rejection unhandled", async () => {
  await allowAnyTimestamp(server.sql);
  const moments = ["2025-01-01", "infinity", "-infinity", "0044-03-15 BC", "20000-01-01", "2025-01-02"];
  for (const created_at of moments) {
    await aTask(server.sql, { user_id: owner.userId, created_at, updated_at: created_at, source: "\u{1f4e7} é" });
  }
  const task =
    'id userId source createdAt updatedAt jobs(filter: { createdFrom: "never" }) { totalCount } progress { total }';
  for (const list of [`nodes { ${task} }`, `edges { cursor node { ${task} } }`]) {
    const { body } = await owner.query(`{ tasks(first: 10) { ${list} } }`);
    await setImmediate();
    await setImmediate();
    expect(unhandled).toEqual([]);
    expect(body.errors.length).toBeGreaterThan(0);
    expect(body.errors.every((error: { path: unknown[] }) => error.path.at(-1) === "jobs")).toBe(true);
  }
});

test("a list of jobs in which several jobs have an unknown status leaves no rejection unhandled", async () => {
  await server.sql`alter type job_status add value 'archived'`;
  const taskId = await aTask(server.sql, { user_id: owner.userId });
  for (const email_id of [await anEmail(server.sql), null, await anEmail(server.sql)]) {
    await aJob(server.sql, { task_id: taskId, email_id, status: "archived" });
  }
  for (const fields of ["email { id } status", "status email { id }"]) {
    for (const list of [
      `taskJobs(taskId: "${taskId}") { jobs { ${fields} } }`,
      `task(id: "${taskId}") { jobs { nodes { ${fields} } } }`,
      `task(id: "${taskId}") { jobs { edges { node { ${fields} } } } }`,
    ]) {
      for (let run = 0; run < 4; run += 1) {
        const { body } = await owner.query(`{ ${list} }`);
        await setImmediate();
        await setImmediate();
        expect(unhandled).toEqual([]);
        expect(body.errors[0].path.at(-1)).toBe("status");
      }
    }
  }
});
