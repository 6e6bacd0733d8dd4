import { describe, expect, test } from "vitest";
import { faultsOfAnswer } from "../../../tools/support/rest-contract.mjs";
import { aTask, someJobs } from "../../support/builders.ts";
import { openapi } from "../../support/openapi.ts";
import { serveDatabase, sharedTestServer } from "../../support/test-server.ts";

const ORIGIN = "https://app.example.com";
const server = await sharedTestServer({ environment: { CORS_ORIGINS: ORIGIN } });
const owner = await server.as();
const taskId = await aTask(server.sql, { user_id: owner.userId });
await someJobs(server.sql, taskId, 3);

describe("GET /openapi.json", () => {
  const url = `${server.url}/openapi.json`;

  test("the server answers the file of the repository without a credential, to allowed origins too", async () => {
    const response = await fetch(url, { headers: { Origin: ORIGIN } });
    const { headers } = response;
    expect([response.status, headers.get("content-type")]).toEqual([200, "application/json; charset=utf-8"]);
    expect([headers.get("cache-control"), headers.get("access-control-allow-origin")]).toEqual(["no-cache", ORIGIN]);
    expect(await response.json()).toEqual(openapi);
  });

  test("HEAD has no body, an unchanged document is 304, and another method is 405", async () => {
    const head = await fetch(url, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    const again = await fetch(url, { headers: { "If-None-Match": head.headers.get("etag") ?? "" } });
    expect(again.status).toBe(304);
    const post = await fetch(url, { method: "POST" });
    expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
  });

  test("servers has the path prefix of the configuration or of a trusted proxy, and API_DOCS=off removes it all", async () => {
    const environment = { PATH_PREFIX: "/tj", TRUST_PROXY_HOPS: "1" };
    const prefixed = await serveDatabase(server.database.url, environment);
    const serversAt = async (headers: Record<string, string>) => {
      const response = await fetch(`${prefixed.url}/openapi.json`, { headers });
      return [((await response.json()) as typeof openapi).servers, response.headers.get("etag")] as const;
    };
    const [configured, tag] = await serversAt({});
    const [forwarded, otherTag] = await serversAt({ "X-Forwarded-Prefix": "/other" });
    expect([configured, forwarded]).toMatchObject([[{ url: "/tj" }], [{ url: "/other" }]]);
    expect(otherTag).not.toBe(tag);
    await prefixed.close();

    const without = await serveDatabase(server.database.url, { API_DOCS: "off" });
    const statuses = ["/openapi.json", "/docs", "/docs/assets/docs.js"].map(
      async (path) => (await fetch(without.url + path)).status,
    );
    expect(await Promise.all(statuses)).toEqual([404, 404, 404]);
    await without.close();
  });
});

/** A response of the server, in which a test changes one part. */
async function realAnswer() {
  const target = `/api/v1/tasks/${taskId}/jobs?limit=2`;
  const response = await owner.get(target);
  const text = await response.text();
  return { method: "GET", target, status: response.status, headers: Object.fromEntries(response.headers), text };
}

describe("a response that differs from openapi.json is found", () => {
  type Answer = Awaited<ReturnType<typeof realAnswer>>;
  const edit = (text: string, more: (body: { jobs: Record<string, unknown>[] }) => void) => {
    const body = JSON.parse(text);
    more(body);
    return JSON.stringify(body);
  };
  const CHANGES: Readonly<Record<string, [change: (answer: Answer) => Partial<Answer>, fault: RegExp]>> = {
    "a key that is not described": [
      ({ text }) => ({ text: edit(text, ({ jobs }) => Object.assign(jobs[0] ?? {}, { score: 1 })) }),
      /unevaluated/,
    ],
    "a missing key": [
      ({ text }) => ({ text: edit(text, ({ jobs }) => delete jobs[0]?.created_at) }),
      /required property 'created_at'/,
    ],
    "a null in a key that is never null": [
      ({ text }) => ({ text: edit(text, ({ jobs }) => Object.assign(jobs[0] ?? {}, { status: null })) }),
      /must be string/,
    ],
    "a time that is not RFC 3339": [
      ({ text }) => ({ text: edit(text, ({ jobs }) => Object.assign(jobs[0] ?? {}, { updated_at: "2025-01-01" })) }),
      /date-time/,
    ],
    "a status that is not described": [() => ({ status: 402 }), /the status is not described/],
    "a header that is not described": [({ headers }) => ({ headers: { ...headers, "x-total": "3" } }), /x-total/],
    "a missing header": [({ headers: { etag, ...headers } }) => ({ headers }), /ETag is missing/],
    "another media type": [
      ({ headers }) => ({ headers: { ...headers, "content-type": "text/html" } }),
      /media type text\/html/,
    ],
    "an accepted parameter that is not described": [
      ({ target }) => ({ target: `${target}&status=failed&page=2` }),
      /parameter page is not described/,
    ],
    "an accepted value beyond the bounds": [
      ({ target }) => ({ target: target.replace(/=2$/, "=101") }),
      /limit: .*<= 100/,
    ],
    "a body of HEAD": [() => ({ method: "HEAD" }), /there is a body/],
    "an error with the code of another status": [
      () => ({ status: 404, text: '{"error":{"code":"VALIDATION_ERROR","message":"","details":[]}}' }),
      /VALIDATION_ERROR instead of NOT_FOUND/,
    ],
    "an unknown path without the error of this API": [
      () => ({ target: "/api/v2", status: 404, text: "Cannot GET" }),
      /not JSON/,
    ],
  };

  test.each(Object.entries(CHANGES))("%s", async (_, [change, fault]) => {
    const answer = await realAnswer();
    expect(faultsOfAnswer(answer)).toEqual([]);
    expect(faultsOfAnswer({ ...answer, ...change(answer) }).join("\n")).toMatch(fault);
  });

  test("a server whose response differed fails the test when it closes", async () => {
    const wrong = await serveDatabase(server.database.url, {});
    const listeners = wrong.app.server.listeners("request");
    wrong.app.server.removeAllListeners("request");
    wrong.app.server.on("request", (_request, response) => response.end("wrong"));
    await (await fetch(`${wrong.url}/api/v1/tasks`)).text();
    expect(listeners).toHaveLength(1);
    await expect(wrong.close()).rejects.toThrow("Responses differ from openapi.json:\nGET /api/v1/tasks, status 200");
  });
});
