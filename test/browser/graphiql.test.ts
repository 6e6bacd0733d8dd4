import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { apiKeyQueries, newApiKey } from "../../src/auth/api-key.ts";
import { exampleTabs } from "../../src/http/graphiql/page/examples.ts";
import { aJob, anEmail, aTask, someJobs } from "../support/builders.ts";
import { findChromium, launchChromium } from "../support/chromium.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const chromiumPath = findChromium();
const demo = { apiKey: newApiKey(), taskId: randomUUID() };
let demoServer: TestServer;

beforeAll(async () => {
  execFileSync(process.execPath, ["tools/build-graphiql.mjs"], { cwd: ROOT });
  demoServer = await startTestServer({ demo });
  const userId = randomUUID();
  await aTask(demoServer.sql, { id: demo.taskId, user_id: userId });
  await someJobs(demoServer.sql, demo.taskId, 25);
  const risky = await anEmail(demoServer.sql, { status: "catchall" });
  await aJob(demoServer.sql, { task_id: demo.taskId, email_id: risky, status: "failed", created_at: "2020-01-01Z" });
  await addKey(demoServer, demo.apiKey, userId);
}, 60_000);

afterAll(() => demoServer.close());

/** Somewhere in it a list that is not empty, or a progress that counted something. */
function hasRows(data: unknown): boolean {
  if (Array.isArray(data)) return data.length > 0;
  if (typeof data !== "object" || data === null) return false;
  return Object.entries(data).some(([name, part]) => (name === "total" && part > 0) || hasRows(part));
}

async function addKey(server: TestServer, key: string, userId: string) {
  await apiKeyQueries(server.database).insertApiKey(key, { userId, isAdmin: false, name: "", expiresAt: null });
}

describe("the served page", () => {
  test("allows nothing but this server, and carries the demo's settings as attributes", async () => {
    const response = await fetch(`${demoServer.url}/graphiql`);

    expect(response.headers.get("content-security-policy")).toBe(
      "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; img-src 'self' data:; " +
        "font-src 'self'; style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(response.headers.get("cache-control")).toBe("no-store");
    const page = await response.text();
    expect(page).toContain(`data-api-key="${demo.apiKey}" data-task-id="${demo.taskId}"`);
    expect(page).not.toMatch(/https?:\/\//);
  });

  test("answers an unchanged asset with 304", async () => {
    const address = `${demoServer.url}/graphiql/assets/app.js`;
    const first = await fetch(address);
    await first.arrayBuffer();
    // What a browser's reload sends; fetch alone would say no-cache, which asks for the whole body.
    const reload = { "If-None-Match": first.headers.get("etag") ?? "", "Cache-Control": "max-age=0" };
    const again = await fetch(address, { headers: reload });

    expect([first.status, first.headers.get("cache-control"), again.status]).toEqual([200, "no-cache", 304]);
  });

  test("has examples that the real schema answers with rows", async () => {
    for (const { query, variables } of exampleTabs(demo.taskId)) {
      const response = await fetch(`${demoServer.url}/graphql`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${demo.apiKey}` },
        body: JSON.stringify({ query, variables: JSON.parse(variables) }),
      });
      const answer = JSON.parse(await response.text());

      expect(answer.errors, query).toBeUndefined();
      expect(hasRows(answer.data), query).toBe(true);
    }
  });
});

describe.skipIf(chromiumPath === null)("GraphiQL in Chromium", () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium(chromiumPath ?? "");
  });
  afterAll(() => browser.close());

  /** A browser that was never here, unless it is told what it stored, and what it complained about. */
  async function openPage(server: TestServer, localStorage: { name: string; value: string }[] = []) {
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      storageState: { cookies: [], origins: [{ origin: server.url, localStorage }] },
    });
    const page = await context.newPage();
    const errors: string[] = [];
    const foreignRequests: string[] = [];
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("requestfailed", (request) => errors.push(`failed: ${request.url()}`));
    context.on("request", (request) => {
      if (!request.url().startsWith(server.url)) foreignRequests.push(request.url());
    });
    await page.goto(`${server.url}/graphiql`);
    await editor(page, "Variables").getByText("taskId").waitFor();
    return { page, errors, foreignRequests, close: () => context.close() };
  }

  const editor = (page: Page, name: "Variables" | "Headers") => page.getByRole("region", { name });
  const run = (page: Page) => page.getByRole("button", { name: /^Execute query/ }).click();
  const rows = (page: Page) => page.locator(".graphiql-response .view-line", { hasText: "@example.com" });

  async function openDocs(page: Page) {
    await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
    await page.locator(".graphiql-doc-explorer").getByText("TaskJobs", { exact: true }).waitFor();
  }

  /** All that the page stored, once it has stored its tabs. */
  async function readStorage(page: Page): Promise<string> {
    return vi.waitFor(
      async () => {
        const stored = JSON.stringify(await page.context().storageState());
        expect(stored).toContain("graphiql:tabState");
        return stored;
      },
      { timeout: 10_000 },
    );
  }

  test("shows rows after one click, reads the docs, asks no other host and stores no key", async () => {
    const { page, errors, foreignRequests, close } = await openPage(demoServer);
    await run(page);
    await rows(page).first().waitFor();
    await openDocs(page);
    mkdirSync(`${ROOT}/.artifacts`, { recursive: true });
    await page.screenshot({ path: `${ROOT}/.artifacts/graphiql.png` });

    expect(await page.title()).toBe("Task Jobs API · GraphiQL");
    expect(await readStorage(page)).not.toContain(demo.apiKey);
    expect({ errors, foreignRequests }).toEqual({ errors: [], foreignRequests: [] });
    await close();
  });

  test("is not misled by tabs left over from another database or another GraphiQL", async () => {
    const tab = { id: "1", title: "old", query: "{ old }", variables: null, headers: null };
    const oldTabs = JSON.stringify({ activeTabIndex: 0, tabs: [{ ...tab, operationName: null, response: null }] });
    const { page, close } = await openPage(demoServer, [
      { name: "graphiql:tabState", value: oldTabs },
      { name: `task-jobs-api:${randomUUID()}:graphiql:tabState`, value: oldTabs },
    ]);
    expect(await page.getByRole("tab").allInnerTexts()).toEqual([
      "PageOfJobs",
      "StatusOnly",
      "Deliverability",
      "SecondPage",
      "FailedOnes",
      "Walk",
      "Progress",
      "Tasks",
    ]);
    await run(page);
    await rows(page).first().waitFor();
    await close();
  });

  test("keeps the variables of the first tab over a reload", async () => {
    const { page, close } = await openPage(demoServer);
    await readStorage(page);
    await page.reload();
    await editor(page, "Variables").getByText(demo.taskId).waitFor();
    await run(page);
    await rows(page).first().waitFor();
    await close();
  });

  test("says without a demo key why there are no docs, and reads them once a key is accepted", async () => {
    const server = await startTestServer();
    const key = newApiKey();
    await addKey(server, key, randomUUID());
    const { page, foreignRequests, close } = await openPage(server);
    await page.getByRole("status").getByText("No docs and no completion yet").waitFor();

    await page.getByRole("button", { name: "Headers" }).click();
    await editor(page, "Headers").getByText("YOUR_API_KEY").dblclick();
    await page.keyboard.insertText(key);
    await editor(page, "Headers").getByText(key).waitFor();
    await run(page);
    // The placeholder task is nobody's, yet the key is good.
    await page.locator(".graphiql-response").getByText("NOT_FOUND").waitFor();
    await openDocs(page);

    expect(await page.getByRole("status").count()).toBe(0);
    expect(await readStorage(page)).not.toContain(key);
    expect(foreignRequests).toEqual([]);
    await close();
    await server.close();
  });
});
