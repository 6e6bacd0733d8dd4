import { afterAll, describe, expect, test } from "vitest";
import { readConfig } from "../../src/config.ts";
import { aTask, someJobs } from "../support/builders.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const servers = new Map<string, ReturnType<typeof startTestServer>>();
afterAll(async () => {
  for (const server of servers.values()) await (await server).close();
});

function served(environment: Record<string, string>): Promise<TestServer> {
  const name = JSON.stringify(environment);
  const server = servers.get(name) ?? startTestServer({ environment });
  servers.set(name, server);
  return server;
}

/** Returns the targets of the redirect and of the links of all lists. */
async function targets(environment: Record<string, string>, headers: Record<string, string> = {}) {
  const server = await served(environment);
  const owner = await server.as();
  const taskId = await aTask(server.sql, { user_id: owner.userId });
  await aTask(server.sql, { user_id: owner.userId });
  await someJobs(server.sql, taskId, 3);
  const jobs = `/api/v1/tasks/${taskId}/jobs`;
  const linkOf = async (path: string) => (await owner.get(path, { headers })).headers.get("link") ?? "";
  const redirect = await owner.get("/graphql", { headers: { ...headers, Accept: "text/html" }, redirect: "manual" });
  return {
    redirect: redirect.headers.get("location"),
    starts: [
      ...(await linkOf(`${jobs}?limit=1`)).matchAll(/<([^?>]*)/g),
      ...(await linkOf(`${jobs}?limit=1&after=`)).matchAll(/<([^?>]*)/g),
      ...(await linkOf("/api/v1/tasks?limit=1")).matchAll(/<([^?>]*)/g),
    ].map(([, target]) => target?.replace(jobs, "/JOBS")),
  };
}

const below = (prefix: string) => ({
  redirect: `${prefix}/graphiql`,
  starts: [...Array(4).fill(`${prefix}/JOBS`), `${prefix}/api/v1/tasks`],
});

describe("redirects and Link", () => {
  test("redirects and Link begin at the root without a proxy, whatever headers a caller sends", async () => {
    expect(await targets({})).toEqual(below(""));
    expect(await targets({}, { "X-Forwarded-Prefix": "/tj" })).toEqual(below(""));
  });

  test.each([
    ["/tj", "/tj"],
    ["/tj/", "/tj"],
    ["/a/b-c_d.e~f", "/a/b-c_d.e~f"],
    ["/spoofed, /tj", "/tj"],
    ["/", ""],
    ["", ""],
  ])("redirects and Link keep the prefix of a trusted proxy: %s", async (header, prefix) => {
    expect(await targets({ TRUST_PROXY_HOPS: "1" }, { "X-Forwarded-Prefix": header })).toEqual(below(prefix));
  });

  test("redirects and Link join the prefixes of two trusted proxies", async () => {
    expect(await targets({ TRUST_PROXY_HOPS: "2" }, { "X-Forwarded-Prefix": "/a, /b" })).toEqual(below("/a/b"));
  });

  test.each([
    "//evil.example",
    "/tj//x",
    "https://evil.example",
    "evil.example",
    "/tj/../..",
    "/./x",
    "/a?b",
    "/a#b",
    '/a>; rel="next"',
    "/%2e%2e",
    "/a\\b",
    "/tj, //evil.example",
    `/${"a".repeat(300)}`,
  ])("redirects and Link ignore a prefix that is not a plain path: %s", async (header) => {
    expect(await targets({ TRUST_PROXY_HOPS: "1" }, { "X-Forwarded-Prefix": header })).toEqual(below(""));
  });

  test("redirects and Link keep the configured prefix, unless a trusted proxy names another", async () => {
    expect(await targets({ PATH_PREFIX: "/tj/" }, { "X-Forwarded-Prefix": "/other" })).toEqual(below("/tj"));
    const trusting = { PATH_PREFIX: "/tj", TRUST_PROXY_HOPS: "1" };
    expect(await targets(trusting)).toEqual(below("/tj"));
    expect(await targets(trusting, { "X-Forwarded-Prefix": "/other" })).toEqual(below("/other"));
  });
});

test.each(["tj", "//tj", "/a b", "/../x", "https://a.example/tj"])("PATH_PREFIX=%s stops the start", (prefix) => {
  expect(() => readConfig({ PATH_PREFIX: prefix })).toThrow("PATH_PREFIX must be a path such as /task-jobs");
});
