import { mkdirSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { findChromium, launchChromium } from "../support/chromium.ts";
import { ROOT } from "../support/graphiql-page.ts";
import { openPrefixProxy } from "../support/prefix-proxy.ts";
import { sharedTestServer, startTestServer } from "../support/test-server.ts";

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
const LINKS = {
  graphiql: "/graphiql",
  docs: "/docs",
  openapi: "/openapi.json",
  graphql: "/graphql",
  rest: "/api/v1",
  health: "/healthz",
};
const server = await sharedTestServer();
const at = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  fetch(server.url + path, { headers, method });

describe("the root", () => {
  test.each([
    ["*/*", "application/json"],
    ["application/json", "application/json"],
    ["application/*", "application/json"],
    [BROWSER, "text/html"],
    ["text/html", "text/html"],
    ["text/*", "text/html"],
    ["application/json;q=0.5, text/html", "text/html"],
    ["text/html;q=0", null],
    ["image/png", null],
  ])("GET / with Accept %s is answered with %s", async (accept, expected) => {
    const response = await at("/", { Accept: accept });
    const body = await response.text();
    expect(response.status).toBe(expected === null ? 406 : 200);
    expect(response.headers.get("content-type")).toBe(`${expected ?? "application/json"}; charset=utf-8`);
    expect(response.headers.get("vary")).toMatch(/\bAccept\b(?!-)/);
    if (expected === null) expect(JSON.parse(body).error.code).toBe("NOT_ACCEPTABLE");
  });

  test("programs receive the version and the path of every part, without a credential", async () => {
    const { name, version, links } = (await (await at("/")).json()) as Record<string, unknown>;
    const health = (await (await at("/healthz")).json()) as { version: string };
    expect({ name, version, links }).toEqual({ name: "Task Jobs API", version: health.version, links: LINKS });
  });

  test("every link of the root names a path that the server has", async () => {
    for (const [name, path] of Object.entries(LINKS)) {
      const response = await at(name === "rest" ? `${path}/tasks` : path, { Accept: "*/*" });
      await response.text();
      expect([name, response.status]).toEqual([name, ["graphql", "rest"].includes(name) ? 401 : 200]);
    }
  });

  test("an unchanged overview is 304, HEAD has the headers of GET, and other methods are 405", async () => {
    for (const accept of ["application/json", BROWSER]) {
      const got = await at("/", { Accept: accept });
      const head = await at("/", { Accept: accept }, "HEAD");
      const etag = got.headers.get("etag") ?? "";
      const again = await at("/", { Accept: accept, "If-None-Match": etag });
      expect([got.status, head.status, again.status, await head.text()]).toEqual([200, 200, 304, ""]);
      expect([etag, got.headers.get("cache-control")]).toEqual([head.headers.get("etag"), "no-cache"]);
      await got.text();
    }
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      const refused = await at("/", {}, method);
      expect([refused.status, refused.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
    }
    expect((await at("/", {}, "OPTIONS")).status).toBe(204);
  });

  test("the page and the JSON do not mention GraphiQL where it is switched off", async () => {
    const closed = await startTestServer({ environment: { GRAPHIQL: "off", API_DOCS: "off" } });
    const { links } = (await (await fetch(closed.url)).json()) as { links: object };
    const page = await (await fetch(closed.url, { headers: { Accept: BROWSER } })).text();
    await closed.close();
    expect(Object.keys(links)).toEqual(["graphql", "rest", "health"]);
    expect(page).not.toMatch(/graphiql/i);
  });

  test("the links begin with the prefix of a trusted proxy", async () => {
    const behindProxy = await startTestServer({ environment: { TRUST_PROXY_HOPS: "1" } });
    const headers = { "X-Forwarded-Prefix": "/tj", Accept: "application/json" };
    const { links } = (await (await fetch(behindProxy.url, { headers })).json()) as { links: object };
    const page = await (await fetch(behindProxy.url, { headers: { ...headers, Accept: BROWSER } })).text();
    await behindProxy.close();
    expect(Object.values(links)).toEqual(Object.values(LINKS).map((path) => `/tj${path}`));
    for (const [, url] of page.matchAll(/(?:href|src)="([^"]*)"/g)) expect(url).toMatch(/^\/tj\//);
  });
});

describe("the icon", () => {
  test.each([
    ["/favicon.ico", "image/vnd.microsoft.icon", "public, max-age=86400"],
    ["/favicon.svg", "image/svg+xml", "public, max-age=86400"],
    ["/home.css", "text/css; charset=utf-8", "no-cache"],
  ])("%s is served without a credential, cached and revalidated", async (path, type, caching) => {
    const got = await at(path);
    const body = await got.arrayBuffer();
    const headers = { "If-None-Match": got.headers.get("etag") ?? "", "Cache-Control": "max-age=0" };
    const again = await at(path, headers);
    const [head, refused] = [await at(path, {}, "HEAD"), await at(path, {}, "POST")];
    expect(body.byteLength).toBeGreaterThan(200);
    expect([got.headers.get("content-type"), got.headers.get("cache-control")]).toEqual([type, caching]);
    expect([got.status, again.status, head.status, refused.status]).toEqual([200, 304, 200, 405]);
  });

  test.each(["/graphiql", "/graphiql/", "/docs", "/docs/"])("the page %s refers to the icon", async (path) => {
    const page = await (await at(path)).text();
    const icons = [...page.matchAll(/<link rel="icon" href="([^"]*)"/g)].map(([, url = ""]) => url);
    expect(icons.map((url) => new URL(url, server.url + path).pathname)).toEqual(["/favicon.ico", "/favicon.svg"]);
  });
});

const chromiumPath = findChromium();

describe.skipIf(chromiumPath === null)("the root in Chromium", async () => {
  const browser = await launchChromium(chromiumPath ?? "");
  afterAll(() => browser.close());

  test.each([
    ["1280", { width: 1280, height: 800 }],
    ["390", { width: 390, height: 844 }],
  ])("the page of the root works below a path prefix and fits a screen of %s pixels", async (name, viewport) => {
    const proxy = await openPrefixProxy("/tj", server.port);
    const page = await browser.newPage({ viewport });
    const complaints: string[] = [];
    const refused: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("response", (response) => response.ok() || refused.push(response.url()));
    await page.goto(`${proxy.url}/tj/`);
    mkdirSync(`${ROOT}/.artifacts`, { recursive: true });
    await page.screenshot({ path: `${ROOT}/.artifacts/home-${name}.png` });

    const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    const background = await page.evaluate("getComputedStyle(document.querySelector('h1 small')).fontSize");
    expect({ complaints, refused, outside: proxy.outsidePrefix, overflow, background }).toEqual({
      complaints: [],
      refused: [],
      outside: [],
      overflow: 0,
      background: "14px",
    });
    await page.getByRole("link", { name: "GraphiQL" }).click();
    await page.waitForURL(`${proxy.url}/tj/graphiql`);
    await page.close();
    await proxy.close();
  });
});
