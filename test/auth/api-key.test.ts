import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newApiKey } from "../../src/auth/api-key.ts";
import { aTask } from "../support/builders.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

let server: TestServer;
let userId: string;
let path: string;

beforeAll(async () => {
  // Delayed 401 responses hold the slots of their address, so other requests may wait longer than the default allows.
  server = await startTestServer({ environment: { REQUEST_TIMEOUT_MS: "20000" } });
  userId = randomUUID();
  path = `/api/v1/tasks/${await aTask(server.sql, { user_id: userId })}/jobs`;
});
afterAll(() => server.close());

const statusWith = async (headers: Record<string, string>, target: string) =>
  (await fetch(server.url + target, { headers })).status;

test("a revoked or expired key is rejected from the next request on the same connection", async () => {
  const viewer = await server.as({ userId });
  expect((await viewer.get(path)).status).toBe(200);
  await server.sql`update api_keys set revoked_at = now() where user_id = ${userId}`;
  expect((await viewer.get(path)).status).toBe(401);
  await server.sql`update api_keys set revoked_at = null, expires_at = now() where user_id = ${userId}`;
  expect((await viewer.get(path)).status).toBe(401);
  await server.sql`update api_keys set expires_at = now() + interval '1 hour' where user_id = ${userId}`;
  expect((await viewer.get(path)).status).toBe(200);
});

test("each of many keys that are looked up together belongs to its own viewer", async () => {
  const owners = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const owner = await server.as();
      return { owner, path: `/api/v1/tasks/${await aTask(server.sql, { user_id: owner.userId })}/jobs` };
    }),
  );
  const requests = owners.flatMap(({ owner, path }, index) => {
    const foreign = owners[(index + 1) % owners.length]?.path as string;
    const malformedKey = { Authorization: `Bearer ${owner.key.slice(0, -1)}~` };
    const strangersKey = { Authorization: `Bearer ${newApiKey()}` };
    return [
      owner.get(path).then(({ status }) => [200, status]),
      owner.get(foreign).then(({ status }) => [404, status]),
      statusWith(malformedKey, path).then((status) => [401, status]),
      statusWith(strangersKey, path).then((status) => [401, status]),
    ];
  });
  for (const [expected, status] of await Promise.all(requests)) expect(status).toBe(expected);
});

test("only the hash of a key is stored", async () => {
  const { key } = await server.as();
  const [{ dump }] = (await server.sql`select string_agg(to_jsonb(k)::text, '') as dump from api_keys k`) as [
    { dump: string },
  ];
  expect(dump).not.toContain(key);
  expect(dump).not.toContain(key.slice(0, 20));
});
