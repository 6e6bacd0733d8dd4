import { describe, expect, test } from "vitest";
import { taskOfRestClient } from "../support/task-of-rest-client.ts";

const { owner, paths, statusOf, faultsOf, countOf } = await taskOfRestClient();
type Path = keyof typeof paths;

const linesOf = async (query: string) => {
  const response = await owner.get(`${paths.export}?${query}`);
  expect(response.status).toBe(200);
  return (await response.text()).trim().split("\n").length;
};

describe("Accept", () => {
  const ACCEPTED = [
    "application/json; charset=utf-8",
    "application/json;charset=UTF-8, text/plain, */*",
    "application/json; odata=verbose",
    "APPLICATION/JSON",
    "application/*",
    "*/*;q=0.1",
    "text/html, application/json;q=0.1",
    "json",
  ];
  test.each(["page", "task", "tasks"] as const)("every header that includes JSON is 200 on the %s", async (path) => {
    for (const accept of ACCEPTED)
      expect([accept, await statusOf(paths[path], { Accept: accept })]).toEqual([accept, 200]);
    for (const accept of ["text/html", "application/json;q=0", "application/json;q=0, text/*", "image/*"])
      expect([accept, await statusOf(paths[path], { Accept: accept })]).toEqual([accept, 406]);
  });

  test.each([
    ["text/csv; charset=utf-8; header=present", "text/csv"],
    ["text/csv; charset=utf-8", "text/csv"],
    ["text/csv, */*;q=0.1", "text/csv"],
    ["text/csv;q=0.1, application/x-ndjson", "application/x-ndjson"],
    ["application/x-ndjson; charset=utf-8", "application/x-ndjson"],
    ["text/*", "text/csv"],
    ["*/*", "application/x-ndjson"],
  ])("%s is answered with %s by the export", async (accept, type) => {
    const response = await owner.get(paths.export, { headers: { Accept: accept } });
    expect([response.status, response.headers.get("content-type")?.split(";")[0]]).toEqual([200, type]);
  });

  test.each(["application/json", "text/csv; header=absent", "text/csv;q=0, image/png"])(
    "Accept: %s is 406 on the export",
    async (accept) => expect(await statusOf(paths.export, { Accept: accept })).toBe(406),
  );
});

describe("a list", () => {
  test.each([
    ["status[]=failed", 1],
    ["status%5B%5D=failed", 1],
    ["status[0]=failed", 1],
    ["status%5B0%5D=failed&status%5B1%5D=completed", 13],
    ["status[]=failed&status[]=completed", 13],
    ["status=failed&status[]=pending", 3],
    ["domain[]=mail.test&status[]=failed", 0],
    ["deliverability[7]=deliverable", 12],
  ])("%s is read by the page and the export", async (query, count) => {
    expect(await countOf(query)).toBe(count);
    if (count > 0) expect(await linesOf(query)).toBe(count);
  });

  test("Link writes the name without brackets", async () => {
    const { headers } = await owner.get(`${paths.page}?status[]=completed&limit=5`);
    expect(headers.get("link")).toContain("limit=5&offset=5&status=completed>");
  });

  test.each([
    "q[]=a",
    "has_email[]=true",
    "after[]=",
    "status[a]=failed&status=failed",
    "status[a]=failed",
    "status[][]=failed",
    "status[0][x]=failed",
    "limit[]=5&status[]=failed",
  ])("the query %s is 400, because the parameter is not a list", async (query) => {
    const [fault, ...more] = await faultsOf(`${paths.page}?${query}`);
    expect(fault?.field).toBe(query.split("=")[0]);
    expect(more).toEqual([]);
  });
});

describe("an unknown name", () => {
  test("the documented endpoint ignores an unknown parameter beside the documented ones", async () => {
    for (const query of [
      "limit=5&page=2",
      "offset=1&staus=failed",
      "utm_source=100%",
      "%ff=1&limit=1",
      "Limit=0",
      "_=1",
    ])
      expect([query, await statusOf(`${paths.page}?${query}`)]).toEqual([query, 200]);
  });

  test.for<[Path, string, string, string | null]>([
    ["page", "status=failed&staus=failed", "staus", "status"],
    ["page", "after=&crated_from=2025-01-01T00:00:00Z", "crated_from", "created_from"],
    ["page", "q=a&Status=failed", "Status", "status"],
    ["page", "q=a&zzzzzzzz=1", "zzzzzzzz", null],
    ["page", "q=a&filter[status]=failed", "filter[status]", null],
    ["page", "q=a&__proto__=1", "__proto__", null],
    ["export", "staus=failed", "staus", "status"],
    ["export", "limit=10", "limit", null],
    ["export", "after=", "after", null],
    ["export", "formt=csv", "formt", "format"],
    ["export", "%ff=1", "%ff", null],
    ["task", "limit=1", "limit", null],
    ["tasks", "userid=1", "userid", "user_id"],
    ["tasks", "status=failed", "status", null],
    ["tasks", "limt=1", "limt", "limit"],
  ])("an unknown parameter is 400 on the %s: %s", async ([path, query, field, nearest]) => {
    const [fault, ...more] = await faultsOf(`${paths[path]}?${query}`);
    expect(more).toEqual([]);
    expect(fault?.field).toBe(field);
    if (nearest !== null) expect(fault?.reason).toBe(`is not a parameter of this path; did you mean ${nearest}?`);
    else expect(fault?.reason).toMatch(/^is not a parameter of this path/);
  });

  test("an error shortens a long unknown name and names at most ten", async () => {
    const names = Array.from({ length: 1500 }, (_, n) => `x${n}`);
    expect(await faultsOf(`${paths.export}?${names.join("&")}`)).toHaveLength(10);
    const [fault] = await faultsOf(`${paths.export}?${"x".repeat(5000)}=1`);
    expect(fault?.field).toHaveLength(65);
  });

  test("the parameter `_`, which jQuery adds to bypass caches, is ignored on every path", async () => {
    for (const path of Object.values(paths)) expect(await statusOf(`${path}?_=1700000000`)).toBe(200);
  });
});

describe("the names of timestamp parameters", () => {
  test("every path accepts the same names of timestamp parameters", async () => {
    for (const name of ["created_from", "created_after"]) {
      expect(await countOf(`${name}=2025-01-15T00:00:00Z`)).toBe(3);
      expect(await linesOf(`${name}=2025-01-15T00:00:00Z`)).toBe(3);
      const { body } = await tasks(`${name}=2025-01-15T00:00:00Z`);
      expect(body.count).toBe(0);
    }
    for (const name of ["created_to", "created_before"]) {
      expect(await countOf(`${name}=2025-01-15T00:00:00Z`)).toBe(12);
      expect((await tasks(`${name}=2025-01-15T00:00:00Z`)).body.count).toBe(1);
    }
    for (const name of ["updated_since", "updated_from", "updated_after"])
      expect(await countOf(`${name}=2000-01-01T00:00:00Z`)).toBe(15);
    for (const name of ["updated_to", "updated_before"]) expect(await countOf(`${name}=2000-01-01T00:00:00Z`)).toBe(0);
  });

  const tasks = async (query: string) => {
    const response = await owner.get(`/api/v1/tasks?${query}`);
    return { status: response.status, body: JSON.parse(await response.text()) };
  };

  test.each<[Path, string]>([
    ["page", "created_from=2025-01-01T00:00:00Z&created_after=2025-01-01T00:00:00Z"],
    ["export", "created_to=2025-01-01T00:00:00Z&created_before=2025-01-01T00:00:00Z"],
    ["tasks", "created_from=2025-01-01T00:00:00Z&created_after=2025-01-01T00:00:00Z"],
    ["tasks", "created_before=2025-01-01T00:00:00Z&created_to=2025-01-01T00:00:00Z"],
  ])("two names of one timestamp parameter are 400 on the %s: %s", async (path, query) => {
    const [fault, ...more] = await faultsOf(`${paths[path]}?${query}`);
    expect(more).toEqual([]);
    expect(fault).toEqual({
      field: expect.stringMatching(/^created_(after|before)$/),
      reason: expect.stringMatching(/^must not be given together with created_(from|to)$/),
    });
  });

  test("an error and Link use the parameter name that the caller sent", async () => {
    expect((await faultsOf(`${paths.page}?created_after=soon`))[0]?.field).toBe("created_after");
    expect((await faultsOf("/api/v1/tasks?created_before=soon"))[0]?.field).toBe("created_before");
    const { headers } = await owner.get(`${paths.page}?created_after=2025-01-01T00:00:00Z&limit=1`);
    expect(headers.get("link")).toContain("&created_after=2025-01-01T00%3A00%3A00Z>");
  });
});
