import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { expect, vi } from "vitest";
import { apiKeyQueries, newApiKey } from "../../src/auth/api-key.ts";
import { aJob, anEmail, aTask, someJobs } from "./builders.ts";
import { openPage } from "./chromium.ts";
import { startTestServer, type TestServer, type TestServerOptions } from "./test-server.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A document that Merge writes without its fragment. */
export const FRAGMENTS = "query Me { viewer { ...V } } fragment V on Viewer { userId }";

/** A script for `before` that makes the browser block storage. */
export const STORAGE_THROWS = `
  for (const name of ["localStorage", "sessionStorage"])
    Object.defineProperty(window, name, { get() { throw new DOMException("blocked", "SecurityError"); } });`;

export function buildGraphiqlPage(): void {
  execFileSync(process.execPath, ["tools/build-graphiql.mjs"], { cwd: ROOT });
}

/** Starts a server like `npm start` without DATABASE_URL, whose page contains the demo user's key and task. */
export async function startDemoServer(options: TestServerOptions = {}) {
  const demo = { apiKey: newApiKey(), taskId: randomUUID() };
  const server = await startTestServer({ ...options, demo });
  const userId = randomUUID();
  await aTask(server.sql, { id: demo.taskId, user_id: userId });
  await someJobs(server.sql, demo.taskId, 25);
  const risky = await anEmail(server.sql, { status: "catchall" });
  await aJob(server.sql, { task_id: demo.taskId, email_id: risky, status: "failed", created_at: "2020-01-01Z" });
  await addKey(server, demo.apiKey, userId);
  return { ...server, demo };
}

export async function addKey(server: TestServer, key: string, userId: string): Promise<void> {
  await apiKeyQueries(server.database).insertApiKey(key, { userId, isAdmin: false, name: "", expiresAt: null });
}

interface OpenOptions extends NonNullable<Parameters<typeof openPage>[2]> {
  readonly path?: string;
}

/** Opens GraphiQL in a new browser profile, and waits until its editor is ready. */
export async function openGraphiql(browser: Browser, origin: string, options: OpenOptions = {}) {
  const { path = "/graphiql", ...profile } = options;
  const opened = await openPage(browser, origin + path, { viewport: { width: 1280, height: 800 }, ...profile });
  await opened.page.locator(".graphiql-query-editor .view-line").first().waitFor();
  return opened;
}

export const keyField = (page: Page) => page.getByRole("textbox", { name: "API key" });
export const keyStatus = (page: Page) => page.locator("#key-status");
export const run = (page: Page) => page.getByRole("button", { name: /^Execute query/ }).click();
export const result = (page: Page) => page.locator(".graphiql-response");
export const rows = (page: Page) => page.locator(".graphiql-response .view-line", { hasText: "@example.com" });
/** The name of the active tab includes its Close button. */
export const tab = (page: Page, name: string) => page.getByRole("tab", { name: new RegExp(`^${name}( Close Tab)?$`) });
export const tabNames = (page: Page) => page.getByRole("tab").allInnerTexts();
export const queryEditor = (page: Page) => page.locator(".graphiql-query-editor .monaco-editor").first();
export const variables = (page: Page) => page.locator(".graphiql-editor-tool");

/** Replaces the text of the operation editor. */
export async function writeQuery(page: Page, text: string): Promise<void> {
  await queryEditor(page).locator(".view-lines").click();
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.press("Delete");
  await page.keyboard.insertText(text);
}

/** The text of one of GraphiQL's editors, from the models of its Monaco. */
export function readEditor(
  page: Page,
  name: "operation.graphql" | "variables.json" | "response.json",
): Promise<string> {
  return page.evaluate(
    `__MONACO.editor.getModels().find((model) => model.uri.path.endsWith(${JSON.stringify(name)})).getValue()`,
  );
}

/** All stored data of the browser, read after GraphiQL has stored its tabs. */
export async function readStorage(page: Page): Promise<{ local: string; session: string }> {
  return vi.waitFor(
    async () => {
      const stored: { local: string; session: string } = await page.evaluate(
        "({ local: JSON.stringify(localStorage), session: JSON.stringify(sessionStorage) })",
      );
      expect(stored.local).toContain("graphiql:tabState");
      return stored;
    },
    { timeout: 15_000 },
  );
}
