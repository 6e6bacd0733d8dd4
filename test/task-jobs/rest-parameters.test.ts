import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { aTask, someJobs } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer();
const owner = await server.as();
const taskId = await aTask(server.sql, { id: "abcdef00-0000-4000-8000-00000000000a", user_id: owner.userId });
await someJobs(server.sql, taskId, 150);

const jobsOf = async (id: string, query: string) => {
  const response = await owner.get(`/api/v1/tasks/${id}/jobs${query}`);
  return { status: response.status, body: JSON.parse(await response.text()) };
};

describe("limit and offset within bounds", () => {
  test.for<[string, number, number, number]>([
    ["", 10, 0, 10],
    ["?limit=1", 1, 0, 1],
    ["?limit=100", 100, 0, 100],
    ["?limit=100&offset=100", 100, 100, 50],
    ["?limit=007", 7, 0, 7],
    ["?offset=149", 10, 149, 1],
    ["?offset=150", 10, 150, 0],
    ["?page=3&order=status&limit[]=5&limit%5Ba%5D=1", 10, 0, 10],
  ])("the parameters %j are accepted", async ([query, limit, offset, rows]) => {
    const { status, body } = await jobsOf(taskId, query);
    expect(status).toBe(200);
    expect(body).toMatchObject({ limit, offset, count: 150 });
    expect(body.jobs).toHaveLength(rows);
  });
});

describe("anything else is 400 and names the field", () => {
  const notIntegers = ["", "1e2", "+5", "%2B5", "%205", "5%20", "0x10", "1.0", "-1", "ten", "NaN", "Infinity", "-0"];
  const odd = ["10%00", "%EF%BC%95", "%E0%A4%A", "1e309", "9223372036854775808", "1".repeat(400), "10;drop", "null"];
  const limits = [...notIntegers, ...odd, "0", "101", "1000"].map((value) => [`?limit=${value}`, "limit"]);
  const offsets = [...notIntegers, ...odd, "2147483648", "1e21"].map((value) => [`?offset=${value}`, "offset"]);
  const doubled = [
    ["?limit=1&limit=2", "limit"],
    ["?limit=5&limit=5", "limit"],
    ["?offset=0&offset=0", "offset"],
  ];
  test.each([...limits, ...offsets, ...doubled])(
    "the parameters %s are 400 and the error names the field",
    async (query, field) => {
      const { status, body } = await jobsOf(taskId, query);
      expect(status).toBe(400);
      expect(body.error.code).toBe("VALIDATION_ERROR");
      expect(body.error.details.map((fault: { field: string }) => fault.field)).toEqual([field]);
    },
  );

  test.each([
    ["limit=1&limit=2", "limit", "must not be given more than once"],
    [
      "updated_since=2025-01-01T00:00:00+02:00",
      "updated_since",
      "has a blank before its offset; a URL needs %2B for the plus sign",
    ],
  ])("the parameters ?%s are refused with the reason", async (query, field, reason) => {
    const { body } = await jobsOf(randomUUID(), `?${query}`);
    expect(body.error.details).toEqual([{ field, reason }]);
  });

  test("the error names all wrong parameters with their rules and without their values", async () => {
    const { status, body } = await jobsOf("x-secret-x", "?limit=x-secret-x&offset=-1");
    expect(status).toBe(400);
    expect(body).toEqual({
      error: {
        code: "VALIDATION_ERROR",
        message:
          "Invalid parameters: id must be a UUID of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx; " +
          "limit must be an integer from 1 to 100; offset must be an integer from 0 to 2147483647",
        details: [
          { field: "id", reason: "must be a UUID of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" },
          { field: "limit", reason: "must be an integer from 1 to 100" },
          { field: "offset", reason: "must be an integer from 0 to 2147483647" },
        ],
      },
    });
  });
});

describe("the id", () => {
  test("the id may be in upper case and is returned in lower case", async () => {
    const { status, body } = await jobsOf(taskId.toUpperCase(), "?limit=1");
    expect(status).toBe(200);
    expect(body.jobs[0].task_id).toBe(taskId);
  });

  test.each([
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "FFFFFFFF-FFFF-1FFF-FFFF-FFFFFFFFFFFF",
  ])("a task with the valid id %s is 404", async (id) => {
    expect((await jobsOf(id, "")).status).toBe(404);
  });

  const hex = randomUUID().replaceAll("-", "");
  test.each([
    "1",
    "not-a-uuid",
    hex,
    `{${randomUUID()}}`,
    `urn:uuid:${randomUUID()}`,
    `%20${randomUUID()}`,
    `${randomUUID()}%20`,
    `${randomUUID()}%0a`,
    `${hex.slice(0, 4)}-${hex.slice(4)}`,
    `${randomUUID().slice(0, -1)}g`,
    `${randomUUID()}%00`,
    "..%2f..%2fetc%2fpasswd",
    "'%20or%20'1'%3D'1",
    "a".repeat(3000),
  ])("the invalid id %s is 400", async (id) => {
    const { status, body } = await jobsOf(id, "");
    expect(status).toBe(400);
    expect(body.error.details.map((fault: { field: string }) => fault.field)).toEqual(["id"]);
  });
});

test("the checks are in the order 401, 400, 404", async () => {
  const anonymous = await fetch(`${server.url}/api/v1/tasks/nonsense/jobs?limit=0`);
  expect(anonymous.status).toBe(401);
  expect((await jobsOf(randomUUID(), "?limit=0")).status).toBe(400);
  expect((await jobsOf(randomUUID(), "")).status).toBe(404);
});
