import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { apiKeyQueries } from "../../src/auth/api-key.ts";
import { ConfigError, readConfig } from "../../src/config.ts";
import { limited, oneAfterAnother, statusesOf, times } from "../support/limited-server.ts";

const SECRET = "a secret of this test, long enough for HS256";
const secondsIn = (response: Response) => Number(/;t=(\d+)$/.exec(response.headers.get("ratelimit") ?? "")?.[1]);

test("without RATE_LIMIT no request is limited and no response has RateLimit headers", async () => {
  const { viewer, path } = await limited({});
  const answers = await times(80, () => viewer.get(path));
  expect(new Set(statusesOf(answers))).toEqual(new Set([200]));
  expect([...(answers[0] as Response).headers.keys()].filter((name) => name.startsWith("ratelimit"))).toEqual([]);
});

describe("credentials", () => {
  test("a burst of one credential gets exactly its limit, and the rest is 429 with the error envelope", async () => {
    const { viewer, path } = await limited({ RATE_LIMIT: "5/m" });
    const answers = await times(20, () => viewer.get(path));
    expect(statusesOf(answers)).toEqual([...Array(5).fill(200), ...Array(15).fill(429)]);
    for (const answer of answers.filter(({ status }) => status === 429)) {
      expect(await answer.json()).toEqual({
        error: { code: "RATE_LIMITED", message: "Too many requests", details: [] },
      });
      expect(Number(answer.headers.get("retry-after"))).toBe(secondsIn(answer));
    }
  });

  test("the headers name the remaining points and the seconds until the window ends", async () => {
    const { viewer, path } = await limited({ RATE_LIMIT: "3/m" });
    const answers = await oneAfterAnother(5, () => viewer.get(path));
    const remaining = answers.map(
      ({ headers }) => /^"default";r=(\d+);t=\d+$/.exec(headers.get("ratelimit") ?? "")?.[1],
    );
    expect(remaining).toEqual(["2", "1", "0", "0", "0"]);
    expect(answers.map(({ headers }) => headers.get("ratelimit-policy"))).toEqual(Array(5).fill('"default";q=3;w=60'));
    for (const answer of answers)
      expect(secondsIn(answer)).toSatisfy((seconds: number) => seconds > 50 && seconds <= 60);
    expect(answers.map(({ headers }) => headers.has("retry-after"))).toEqual([false, false, false, true, true]);
  });

  test("a credential is served again when its window has ended", async () => {
    const { viewer, path } = await limited({ RATE_LIMIT: "2/s" });
    expect(statusesOf(await times(4, () => viewer.get(path)))).toContain(429);
    await expect.poll(async () => (await viewer.get(path)).status, { interval: 100 }).toBe(200);
  });

  test("a credential has one limit for both APIs and both headers, and other credentials have their own", async () => {
    const { server, viewer, path } = await limited({ RATE_LIMIT: "3/m" });
    const stranger = await server.as({ userId: viewer.userId });
    const byKeyHeader = () => fetch(server.url + path, { headers: { "X-API-Key": viewer.key } });
    expect((await viewer.get(path)).status).toBe(200);
    expect((await byKeyHeader()).status).toBe(200);
    expect((await viewer.query("{ __typename }")).status).toBe(200);
    expect((await viewer.get(path)).status).toBe(429);
    expect((await byKeyHeader()).status).toBe(429);
    expect((await viewer.query("{ __typename }")).status).toBe(429);
    expect((await stranger.get(path)).status).toBe(200);
  });

  test.each(["application/json", "application/graphql-response+json"])(
    "a credential over its limit gets RATE_LIMITED from GraphQL in %s",
    async (accept) => {
      const { viewer } = await limited({ RATE_LIMIT: "1/m" });
      await viewer.query("{ __typename }");
      const refused = await viewer.query("{ __typename }", {}, { Accept: accept });
      expect([refused.status, refused.body]).toEqual([
        429,
        { errors: [{ message: "Too many requests", extensions: { code: "RATE_LIMITED" } }] },
      ]);
      expect(refused.headers.get("content-type")).toContain(accept);
      expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
    },
  );

  test("a renewed token shares the limit of its subject", async () => {
    const { server, path } = await limited({ RATE_LIMIT: "2/m", JWT_SECRET: SECRET });
    const subject = randomUUID();
    const expiresAt = Math.floor(Date.now() / 1000) + 600;
    const withToken = async (exp: number) => {
      const token = await new SignJWT({ sub: subject, exp })
        .setProtectedHeader({ alg: "HS256" })
        .sign(Buffer.from(SECRET));
      return (await fetch(server.url + path, { headers: { Authorization: `Bearer ${token}` } })).status;
    };
    expect([await withToken(expiresAt), await withToken(expiresAt + 1), await withToken(expiresAt + 2)]).toEqual([
      404, 404, 429,
    ]);
  });

  test("a query is charged by its cost before any SQL: a page as over REST, several pages more", async () => {
    const { server, viewer, path } = await limited({ RATE_LIMIT: "6/m" });
    const page = (alias: string) =>
      `${alias}: taskJobs(taskId: "${path.split("/")[4]}", limit: 100) { jobs {
        id taskId emailAddress status createdAt updatedAt email { id email status isRoleBased isDisposable hasMxRecords
        hasReverseDns domainName hostName serverType isCatchall validatedAt unknownReason needsPhysicalVerify } } count }`;
    const remaining = async (aliases: string[], headers = {}) => {
      const answer = await viewer.query(`{ ${aliases.map(page).join(" ")} }`, {}, headers);
      return [answer.status, answer.headers.get("ratelimit")?.split(";")[1], answer.body.errors?.[0].extensions.code];
    };
    expect(await remaining(["a"])).toEqual([200, "r=5", undefined]);
    expect(await remaining(["a", "b", "c"])).toEqual([200, "r=2", undefined]);
    expect(
      await server.countStatements(async () => {
        expect(await remaining(["a", "b", "c"])).toEqual([429, "r=0", "RATE_LIMITED"]);
      }),
    ).toBe(1);
    expect(await remaining(["a"])).toEqual([429, "r=0", "RATE_LIMITED"]);
  });

  test.each(["application/json", "application/graphql-response+json"])(
    "a query that costs more than the remaining points is RATE_LIMITED in %s, like a request without points",
    async (accept) => {
      const { viewer } = await limited({ RATE_LIMIT: "1/m" });
      const expensive = `{ ${["a", "b", "c"]
        .map(
          (alias) => `${alias}: taskJobs(taskId: "${randomUUID()}", limit: 100) {
        jobs { id taskId emailAddress status createdAt updatedAt email { id email status domainName hostName serverType
        isCatchall validatedAt unknownReason } } }`,
        )
        .join(" ")} }`;
      const [first, second] = await oneAfterAnother(2, () => viewer.query(expensive, {}, { Accept: accept }));
      expect([first?.status, first?.body, first?.headers.get("content-type")]).toEqual([
        second?.status,
        second?.body,
        second?.headers.get("content-type"),
      ]);
      expect([first?.status, first?.headers.get("retry-after")]).toEqual([429, "60"]);
    },
  );

  test("a credential over its limit is refused without a statement", async () => {
    const { server, viewer, path } = await limited({ RATE_LIMIT: "2/m" });
    await times(5, () => viewer.get(path));
    expect(await server.countStatements(() => times(50, () => viewer.get(path)))).toBe(0);
  });
});

test("a page of an allowed origin can read the RateLimit headers", async () => {
  const { viewer, path } = await limited({ RATE_LIMIT: "5/m", CORS_ORIGINS: "https://app.example" });
  const { headers } = await viewer.get(path, { headers: { Origin: "https://app.example" } });
  expect(headers.get("access-control-expose-headers")?.split(",")).toEqual(
    expect.arrayContaining(["RateLimit", "RateLimit-Policy", "Retry-After"]),
  );
});

describe("the PostgreSQL store", () => {
  test("two instances share one exact limit", async () => {
    const shared = { RATE_LIMIT: "10/m", RATE_LIMIT_STORE: "postgres" };
    const one = await limited(shared);
    const other = await limited({ ...shared, DATABASE_URL: one.server.database.url });
    // Requests pass uncounted until the servers are connected to the store.
    for (const { server } of [one, other]) {
      const stranger = await server.as();
      await expect.poll(async () => (await stranger.get(one.path)).headers.has("ratelimit")).toBe(true);
    }
    const { userId, key } = one.viewer;
    await apiKeyQueries(other.server.database).insertApiKey(key, { userId, isAdmin: false, name: "", expiresAt: null });
    const ask = async (server: typeof one.server) =>
      (await fetch(server.url + one.path, { headers: { "X-API-Key": key } })).status === 429;
    const refused = await Promise.all([...Array(12).keys()].flatMap(() => [ask(one.server), ask(other.server)]));
    expect(refused.filter((isRefused) => !isRefused)).toHaveLength(10);
  });

  test("requests pass uncounted while the store cannot be reached, and the log has one line about it", async () => {
    const { server, viewer, path } = await limited({
      RATE_LIMIT: "1/m",
      RATE_LIMIT_STORE: "postgres",
      DATABASE_URL: "postgres://user@127.0.0.1:9/nowhere",
    });
    const answers = await oneAfterAnother(5, () => viewer.get(path));
    expect(statusesOf(answers)).toEqual(Array(5).fill(200));
    expect(answers.some(({ headers }) => headers.has("ratelimit"))).toBe(false);
    expect(server.logLines.filter((line) => line.includes("requests pass uncounted"))).toHaveLength(1);
  });
});

test.each([
  { RATE_LIMIT: "100" },
  { RATE_LIMIT: "0/s" },
  { RATE_LIMIT: "10/d" },
  { RATE_LIMIT: "1.5/s" },
  { RATE_LIMIT_STORE: "redis" },
  { RATE_LIMIT: "1/s", RATE_LIMIT_STORE: "postgres" },
  { TRUST_PROXY_HOPS: "true" },
])("a server with the settings %o does not start", (environment) => {
  expect(() => readConfig(environment)).toThrow(ConfigError);
});
