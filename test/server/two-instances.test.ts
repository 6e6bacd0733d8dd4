import { afterAll, expect, test } from "vitest";
import { apiKeyQueries } from "../../src/auth/api-key.ts";
import { aTask, someJobs } from "../support/builders.ts";
import { serveDatabase, sharedTestServer } from "../support/test-server.ts";

const one = await sharedTestServer();
const other = await serveDatabase(one.database.url, {});
afterAll(() => other.close());
const owner = await one.as();
const taskId = await aTask(one.sql, { user_id: owner.userId });
await someJobs(one.sql, taskId, 250);
const path = `/api/v1/tasks/${taskId}/jobs`;

const get = (server: { url: string }, target: string, headers: Record<string, string> = {}) =>
  fetch(server.url + target, { headers: { "X-API-Key": owner.key, ...headers } });
const idsOf = async (response: Response) =>
  (JSON.parse(await response.text()) as { jobs: { id: string }[] }).jobs.map(({ id }) => id);

test("two servers of one database respond with the same bytes, and accept each other's entity tags", async () => {
  const responses = await Promise.all([one, other].map((server) => get(server, `${path}?limit=100&offset=100`)));
  const [first, second] = await Promise.all(responses.map((response) => response.text()));
  expect(first).toBe(second);
  const entityTag = responses[0]?.headers.get("etag") ?? "";
  expect((await get(other, `${path}?limit=100&offset=100`, { "If-None-Match": entityTag })).status).toBe(304);
});

test("paging by cursor that uses another server for each page returns every job once", async () => {
  const ids: string[] = [];
  let next: string | undefined = `${path}?limit=30&after=`;
  for (let page = 0; next !== undefined; page++) {
    const response: Response = await get(page % 2 === 0 ? one : other, next);
    expect(response.status).toBe(200);
    ids.push(...(await idsOf(response)));
    next = /<([^>]+)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
  }
  expect([ids.length, new Set(ids).size]).toEqual([250, 250]);
});

test("a page by offset is right at a server whose bookmarks are older than the last job", async () => {
  for (const server of [one, other]) await get(server, `${path}?limit=50&offset=100`);
  const { sql } = one;
  await sql`insert into task_email_jobs (task_id, email_address, created_at) values (${taskId}, 'new@example.com', '2099-01-01')`;
  const offsets = [149, 151];
  for (const offset of offsets) {
    const pages = await Promise.all(
      [one, other].map(async (server) => idsOf(await get(server, `${path}?limit=50&offset=${offset}`))),
    );
    const rows =
      await sql`select id from task_email_jobs where task_id = ${taskId} order by created_at desc, id desc limit 50 offset ${offset}`;
    for (const page of pages) expect(page).toEqual(rows.map(({ id }) => id));
  }
});

test("a key that is revoked at one server is refused at once by every other", async () => {
  const temporary = await one.as({ userId: owner.userId });
  const statusAt = async (server: { url: string }) =>
    (await fetch(server.url + path, { headers: { "X-API-Key": temporary.key } })).status;
  expect([await statusAt(one), await statusAt(other)]).toEqual([200, 200]);
  const { listApiKeys, revokeApiKey } = apiKeyQueries(one.database);
  const [newest] = await listApiKeys();
  await revokeApiKey(newest?.id ?? "");
  expect([await statusAt(other), await statusAt(one)]).toEqual([401, 401]);
});
