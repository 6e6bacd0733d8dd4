import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { aJob, anEmail, aTask } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer();
const [owner, stranger] = [await server.as(), await server.as()];
const taskId = await aTask(server.sql, { user_id: owner.userId });
for (const [address, status] of [
  ["tab\tbed@example.com", "failed"],
  ["=cmd()", "completed"],
  ['quo"ted,@example.com', "completed"],
])
  await aJob(server.sql, {
    task_id: taskId,
    email_address: address,
    status,
    email_id: await anEmail(server.sql, { email: address }),
  });

const pathOf = (id: string, query = "") => `/api/v1/tasks/${id}/download${query}`;
const exportOf = async (query: string) => (await owner.get(`/api/v1/tasks/${taskId}/jobs/export${query}`)).text();
const download = async (query = "", init: RequestInit = {}, id = taskId) => {
  const response = await owner.get(pathOf(id, query), init);
  return { status: response.status, headers: response.headers, text: await response.text() };
};

test("the download is a CSV file by default, whatever Accept says, and equal to the export", async () => {
  for (const Accept of ["application/json", "*/*", "text/html,*/*;q=0.8", "application/json, text/plain, */*"]) {
    const { status, headers, text } = await download("", { headers: { Accept } });
    expect([status, headers.get("content-type")]).toEqual([200, "text/csv; charset=utf-8; header=present"]);
    expect(headers.get("content-disposition")).toBe(`attachment; filename="task-${taskId}-jobs.csv"`);
    expect(text).toBe(await exportOf("?format=csv"));
  }
  expect((await download("?format=ndjson")).text).toBe(await exportOf("?format=ndjson"));
});

test("txt is the table of the CSV file separated by tabs, with guarded formulas", async () => {
  const { headers, text } = await download("?format=txt&fields=email_address,job_status");
  expect(headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect(headers.get("content-disposition")).toBe(`attachment; filename="task-${taskId}-jobs.txt"`);
  const [header, ...lines] = text.split("\r\n").slice(0, -1);
  expect(header).toBe("email_address\tjob_status");
  expect(lines.sort()).toEqual(
    ['"quo""ted,@example.com"\tcompleted', '"tab\tbed@example.com"\tfailed', "'=cmd()\tcompleted"].sort(),
  );
});

test("the download takes the filters of the export", async () => {
  expect((await download("?status=failed")).text).toBe(await exportOf("?format=csv&status=failed"));
});

test("task_id overrides the id of the path", async () => {
  const { status, text } = await download(`?task_id=${taskId.toUpperCase()}`, {}, randomUUID());
  expect([status, text]).toEqual([200, await exportOf("?format=csv")]);
  expect((await download(`?task_id=${randomUUID()}`)).status).toBe(404);
});

test("the error names every wrong parameter, among them an unknown format", async () => {
  const { status, text } = await download("?format=xlsx&task_id=1&fields=x&page=2", {}, "y");
  expect(status).toBe(400);
  expect(JSON.parse(text).error.details).toMatchObject([
    { field: "page" },
    { field: "format", reason: "must be one of csv, txt, ndjson" },
    { field: "id" },
    { field: "task_id" },
    { field: "fields" },
  ]);
});

test("the download has the access rule and the methods of the export", async () => {
  const foreign = await stranger.get(pathOf(taskId));
  const missing = await stranger.get(pathOf(randomUUID()));
  expect([foreign.status, await foreign.text()]).toEqual([404, await missing.text()]);
  expect((await stranger.get(pathOf(randomUUID(), `?task_id=${taskId}`))).status).toBe(404);
  expect((await fetch(server.url + pathOf(taskId))).status).toBe(401);
  const head = await download("", { method: "HEAD" });
  expect([head.status, head.text, head.headers.get("content-disposition")]).toEqual([
    200,
    "",
    `attachment; filename="task-${taskId}-jobs.csv"`,
  ]);
  const other = await owner.get(pathOf(taskId), { method: "POST" });
  expect([other.status, other.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
});
