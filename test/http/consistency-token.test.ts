import { afterAll, expect, test } from "vitest";
import { sharedTestDatabase } from "../support/test-database.ts";
import { serveDatabase } from "../support/test-server.ts";

const ORIGIN = "https://app.example.com";
/** A well-formed token of another cluster. */
const TOKEN = `1.${Buffer.alloc(14, 1).toString("base64url")}`;

// The primary itself is the replica, which is the state after a failover.
const database = await sharedTestDatabase();
const server = await serveDatabase(database.url, { DATABASE_REPLICA_URLS: database.url, CORS_ORIGINS: ORIGIN });
afterAll(() => server.close());
const caller = await server.as();
const list = (headers: Record<string, string> = {}) => caller.get("/api/v1/tasks", { headers });

test.each([
  ["one character", "x"],
  ["a token without its last character", TOKEN.slice(0, -1)],
  ["eleven tokens", Array(11).fill(TOKEN).join(",")],
  ["7,000 characters", "1.".padEnd(7000, "A")],
])("%s as a token is 400 and names the header", async (_, token) => {
  const headers = { "Consistency-Token": token };
  const response = await list(headers);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    error: {
      code: "VALIDATION_ERROR",
      details: [{ field: "Consistency-Token", reason: expect.stringContaining("at most 10 values") }],
    },
  });
  const { status, body } = await caller.query("{ viewer { userId } }", {}, headers);
  expect([status, body.errors[0].extensions.code]).toEqual([400, "BAD_USER_INPUT"]);
  expect(body.errors[0].message).toContain("Consistency-Token");
  const file = await caller.get("/api/v1/tasks/00000000-0000-4000-8000-000000000000/jobs/export", { headers });
  expect(file.status).toBe(400);
});

test("ten tokens are accepted, and each response has a new one, also a 404", async () => {
  const headers = { "Consistency-Token": Array(10).fill(TOKEN).join(", ") };
  const missing = await caller.get("/api/v1/tasks/00000000-0000-4000-8000-000000000000", { headers });
  for (const [response, status] of [[await list(headers), 200] as const, [missing, 404] as const]) {
    expect(response.status).toBe(status);
    expect(response.headers.get("Consistency-Token")).toMatch(/^1\.[\w-]{19}$/);
  }
});

test("a browser's page of an allowed origin may send and read a token", async () => {
  const headers = { Origin: ORIGIN, "Access-Control-Request-Method": "GET" };
  const preflight = await fetch(`${server.url}/api/v1/tasks`, { method: "OPTIONS", headers });
  expect(preflight.headers.get("Access-Control-Allow-Headers")?.split(",")).toContain("Consistency-Token");
  const response = await list({ Origin: ORIGIN });
  expect(response.headers.get("Access-Control-Expose-Headers")?.split(",")).toContain("Consistency-Token");
});

test("a request without a valid credential is 401 and has no token, whatever token it sends", async () => {
  const headers = { Authorization: "Bearer x", "Consistency-Token": "x" };
  const response = await fetch(`${server.url}/api/v1/tasks`, { headers });
  expect([response.status, response.headers.has("Consistency-Token")]).toEqual([401, false]);
});
