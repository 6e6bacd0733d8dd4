import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { sendRaw } from "../support/raw-request.ts";
import { taskOfRestClient } from "../support/task-of-rest-client.ts";

const { server, paths, statusOf, faultsOf, countOf } = await taskOfRestClient();

describe("a query string that is not UTF-8", () => {
  const BAD = [
    "%ff",
    "%80",
    "%c0%af",
    "%e0%80%af",
    "%c3",
    "%e2%82",
    "%ed%a0%80",
    "%ed%b0%80",
    "%f4%90%80%80",
    "%zz",
    "%",
    "%2",
    "a%",
  ];
  test.each(BAD)("a query string that is not UTF-8 is 400 and names the parameter: %s", async (value) => {
    const reason = "must be percent-encoded UTF-8";
    expect(await faultsOf(`${paths.page}?q=${value}`)).toEqual([{ field: "q", reason }]);
    expect(await faultsOf(`${paths.page}?status[]=failed&email_status=${value}`)).toEqual([
      { field: "email_status", reason },
    ]);
    expect(await faultsOf(`${paths.export}?format=${value}`)).toEqual([{ field: "format", reason }]);
    expect(await faultsOf(`/api/v1/tasks?user_id=${value}`)).toEqual([{ field: "user_id", reason }]);
    expect(await faultsOf(`${paths.page}?limit=${value}`)).toEqual([{ field: "limit", reason }]);
  });

  test("a query string with U+FFFD, a BOM, a plus or an emoji is valid UTF-8", async () => {
    expect(await countOf("q=%EF%BF%BD")).toBe(1);
    expect(await countOf("q=%EF%BB%BFa")).toBe(0);
    expect(await countOf("q=%F0%9F%A6%8A")).toBe(0);
    expect(await countOf("q=plus%2Btag")).toBe(1);
    expect(await countOf("q=plus+tag")).toBe(0);
    expect((await faultsOf(`${paths.page}?q=%00`))[0]?.field).toBe("q");
  });

  test("a query string with bytes that are not percent-encoded is 400", async () => {
    for (const bytes of ["\xc3\xa9", "\xff"]) {
      const { status, body } = await sendRaw(server.port, `GET ${paths.page}?q=${bytes} HTTP/1.1\r\nHost: a\r\n\r\n`);
      expect([status, JSON.parse(body).error.code]).toEqual([400, "VALIDATION_ERROR"]);
    }
  });
});

describe("a path with a malformed escape", () => {
  test.each(["%ff", "%zz", "%", "%c0%af", "%00", "a%b"])(
    "the malformed escape %s in place of an id is 400 and names the id, but 401 without a credential",
    async (id) => {
      for (const path of [`/api/v1/tasks/${id}/jobs`, `/api/v1/tasks/${id}`, `/api/v1/tasks/${id}/jobs/export`]) {
        expect((await faultsOf(path)).map(({ field }) => field)).toEqual(["id"]);
        expect((await fetch(server.url + path)).status).toBe(401);
      }
    },
  );

  test("a malformed escape elsewhere in a path is an unknown path", async () => {
    for (const path of ["/%ff", "/api/%zz", `/api/v1/tasks/${randomUUID()}/jobs%ff`, "/graphiql/%ff"])
      expect([path, await statusOf(path)]).toEqual([path, 404]);
  });
});
