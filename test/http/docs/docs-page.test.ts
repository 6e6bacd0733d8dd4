import { mkdirSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildDocs } from "../../../tools/build-docs.mjs";
import { aTask, someJobs } from "../../support/builders.ts";
import { findChromium, launchChromium, openPage } from "../../support/chromium.ts";
import { openapi } from "../../support/openapi.ts";
import { openPrefixProxy } from "../../support/prefix-proxy.ts";
import { sharedTestServer } from "../../support/test-server.ts";

const chromiumPath = findChromium();
const server = await sharedTestServer();
const owner = await server.as();
const taskId = await aTask(server.sql, { user_id: owner.userId, source: "list.csv" });
await someJobs(server.sql, taskId, 3);
const operations = Object.values(openapi.paths).map(({ get }) => get.operationId);

beforeAll(() => buildDocs("dist/http/docs/assets"));

describe("the page at /docs", () => {
  test("the page allows nothing but this server, and has no inline script or style", async () => {
    const response = await fetch(`${server.url}/docs`);
    expect(response.headers.get("content-security-policy")).toBe(
      "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; style-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    const page = await response.text();
    expect(page).not.toMatch(/https?:\/\/|<style|style=|<script>|\bon\w+=/);
  });

  test("the page and its files are 304 if unchanged, HEAD has no body, and other methods are 405", async () => {
    for (const path of ["/docs", "/docs/", "/docs/assets/swagger-ui.css", "/docs/assets/docs.js"]) {
      const head = await fetch(server.url + path, { method: "HEAD" });
      expect([path, head.status, await head.text()]).toEqual([path, 200, ""]);
      expect(head.headers.get("cache-control")).toBe("no-cache");
      const revalidation = { "If-None-Match": head.headers.get("etag") ?? "", "Cache-Control": "max-age=0" };
      const again = await fetch(server.url + path, { headers: revalidation });
      expect([path, again.status]).toEqual([path, 304]);
      const post = await fetch(server.url + path, { method: "POST" });
      expect([path, post.status, post.headers.get("allow")]).toEqual([path, 405, "GET, HEAD, OPTIONS"]);
    }
  });
});

describe.skipIf(chromiumPath === null)("the reference in Chromium", () => {
  let browser: Browser;

  beforeAll(async () => {
    mkdirSync(".artifacts", { recursive: true });
    browser = await launchChromium(chromiumPath ?? "");
  });
  afterAll(() => browser.close());

  /** Opens the page, and waits until it shows the operations. */
  async function openReference(url: string, width: number) {
    const opened = await openPage(browser, url, { viewport: { width, height: 844 }, hasTouch: width < 500 });
    await opened.page.locator(".opblock").first().waitFor();
    return opened;
  }

  async function authorize(page: Page): Promise<void> {
    await page.getByRole("button", { name: "Authorize" }).first().click();
    const dialog = page.locator(".modal-ux");
    await dialog.getByLabel("auth-bearer-value").first().fill(owner.key);
    await dialog.getByRole("button", { name: "Apply credentials" }).first().click();
    await dialog.getByRole("button", { name: "Close" }).first().click();
  }

  /** Sends the request of an operation for the task, and returns the status of the response. */
  async function execute(page: Page, operationId: string): Promise<string> {
    const block = page.locator(`[id$="-${operationId}"]`);
    await block.locator(".opblock-summary-control").click();
    await block.getByRole("button", { name: "Try it out" }).click();
    await block.getByPlaceholder("id", { exact: true }).first().fill(taskId);
    await block.getByRole("button", { name: "Execute" }).click();
    const status = block.locator(".live-responses-table .response-col_status").nth(1);
    await status.waitFor();
    return /^\d+/.exec((await status.textContent()) ?? "")?.[0] ?? "";
  }

  test("the reference shows all operations, and sends an authorized request, without a violation of its policy", async () => {
    const { page, complaints, foreignRequests, close } = await openReference(`${server.url}/docs`, 1280);
    await page.screenshot({ path: ".artifacts/docs-1280.png" });
    const ids = await page.locator(".opblock").evaluateAll((blocks) => blocks.map(({ id }) => id.split("-").pop()));
    expect(ids.sort()).toEqual([...operations].sort());
    await authorize(page);
    for (const operationId of ["getTask", "listTaskJobs"])
      expect([operationId, await execute(page, operationId)]).toEqual([operationId, "200"]);
    const body = page.locator('[id$="-getTask"] .live-responses-table');
    expect(await body.textContent()).toContain('"source": "list.csv"');
    await page.screenshot({ path: ".artifacts/docs-try-1280.png" });
    expect([complaints, foreignRequests]).toEqual([[], []]);
    await close();
  });

  test("a phone shows the reference, also under a path prefix that the server does not know", async () => {
    const proxy = await openPrefixProxy("/tj", server.port);
    const { page, complaints, foreignRequests, close } = await openReference(`${proxy.url}/tj/docs/`, 390);
    await page.screenshot({ path: ".artifacts/docs-390.png" });
    const [first, second] = await page.locator(".info .renderedMarkdown > p").all();
    const end = await first?.evaluate((paragraph) => paragraph.getBoundingClientRect().bottom);
    const start = await second?.evaluate((paragraph) => paragraph.getBoundingClientRect().top);
    expect((start ?? 0) - (end ?? 0)).toBeCloseTo(14);
    await authorize(page);
    expect(await execute(page, "getTask")).toBe("200");
    await page.screenshot({ path: ".artifacts/docs-try-390.png" });
    const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    expect({ overflow, complaints, foreignRequests, outside: proxy.outsidePrefix }).toEqual({
      overflow: 0,
      complaints: [],
      foreignRequests: [],
      outside: [],
    });
    await close();
    await proxy.close();
  });
});
