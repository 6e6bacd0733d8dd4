import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { FILTER_SPELLINGS } from "../../src/job-search/job-filter.ts";
import { aTask, someJobs } from "../support/builders.ts";
import { sendRaw } from "../support/raw-request.ts";
import { sharedTestServer } from "../support/test-server.ts";

const manual = readFileSync("docs/rest.md", "utf8");

const server = await sharedTestServer();
const owner = await server.as();
const taskId = await aTask(server.sql, { user_id: owner.userId });
await someJobs(server.sql, taskId, 3);
const task = `/api/v1/tasks/${taskId}`;

const FILES = [`${task}/jobs/export`, `${task}/download`];
const PATHS = () => [`${task}/jobs`, ...FILES, task, "/api/v1/tasks", "/api/v1/metrics/verifications"];
const answerTo = async (path: string, init: RequestInit = {}, get = owner.get) => {
  const response = await get(path, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
};
const anonymous = (path: string, init: RequestInit = {}) => fetch(server.url + path, init);

describe("the server does what docs/rest.md says", () => {
  test("HEAD answers like GET without a body, OPTIONS names the methods without a credential", async () => {
    for (const path of PATHS()) {
      const head = await answerTo(path, { method: "HEAD" });
      expect([path, head.status, head.text]).toEqual([path, 200, ""]);
      const options = await answerTo(path, { method: "OPTIONS" }, anonymous);
      expect([path, options.status, options.headers.get("allow")]).toEqual([path, 204, "GET, HEAD, OPTIONS"]);
    }
  });

  test("an unknown path is 404 and another method 405, without a credential", async () => {
    expect((await answerTo("/api/v1/nothing", {}, anonymous)).status).toBe(404);
    for (const path of PATHS()) {
      const { status, headers } = await answerTo(path, { method: "DELETE" }, anonymous);
      expect([path, status, headers.get("allow")]).toEqual([path, 405, "GET, HEAD, OPTIONS"]);
    }
  });

  test("a request with several faults gets the first of 401, 406, 400 and 404", async () => {
    const wrong = { headers: { Accept: "image/png" } };
    const foreign = `/api/v1/tasks/${randomUUID()}`;
    for (const end of ["", "/jobs", "/jobs/export"]) {
      expect((await answerTo(`${foreign}${end}?x=1&q=`, wrong, anonymous)).status).toBe(401);
      expect((await answerTo(`${foreign}${end}?x=1&q=`, wrong)).status).toBe(406);
      expect((await answerTo(`${foreign}${end}?x=1&q=`)).status).toBe(400);
      expect((await answerTo(`${foreign}${end}`)).status).toBe(404);
    }
  });

  test("a small body of any type is ignored, a large one is 413", async () => {
    for (const path of PATHS()) {
      const head = `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-API-Key: ${owner.key}\r\nContent-Type: text/plain\r\n`;
      expect((await sendRaw(server.port, `${head}Content-Encoding: br\r\nContent-Length: 1\r\n\r\n\xff`)).status).toBe(
        200,
      );
      expect((await sendRaw(server.port, `${head}Content-Length: 200000\r\n\r\n`)).status).toBe(413);
    }
  });

  test("ETag with If-None-Match is 304, and the files have none", async () => {
    for (const path of PATHS()) {
      const tag = (await answerTo(path)).headers.get("etag");
      if (FILES.includes(path)) expect(tag).toBeNull();
      else expect((await answerTo(path, { headers: { "If-None-Match": tag ?? "" } })).status).toBe(304);
    }
  });

  test("Link has four relations by offset, next alone by cursor and of tasks, and none at the end", async () => {
    await aTask(server.sql, { user_id: owner.userId });
    const relations = async (path: string) =>
      [...((await answerTo(path)).headers.get("link") ?? "").matchAll(/rel="(\w+)"/g)].map(([, name]) => name);
    expect(await relations(`${task}/jobs?limit=1&offset=1`)).toEqual(["first", "prev", "next", "last"]);
    expect(await relations(`${task}/jobs?limit=1&after=`)).toEqual(["next"]);
    expect(await relations("/api/v1/tasks?limit=1")).toEqual(["next"]);
    expect(await relations(`${task}/jobs?limit=3&after=`)).toEqual([]);
    expect(await relations("/api/v1/tasks?limit=100")).toEqual([]);
  });

  test("the error for a misspelt name is the one in docs/rest.md", async () => {
    const [, example = ""] = /jobs\?(status=failed&\S+)\n/.exec(manual) ?? [];
    const { text } = await answerTo(`${task}/jobs?${example}`);
    expect(manual).toContain(JSON.stringify(JSON.parse(text).error.details[0]));
  });

  test("docs/rest.md lists every parameter with its aliases", () => {
    for (const name of [...FILTER_SPELLINGS, "limit", "offset", "after", "user_id"])
      expect(manual).toContain(`\`${name}\``);
  });
});
