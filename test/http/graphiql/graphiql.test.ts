import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exampleTabs } from "../../../src/http/graphiql/page/examples.ts";
import { findChromium, launchChromium } from "../../support/chromium.ts";
import { subscriber } from "../../support/event-reader.ts";
import {
  buildGraphiqlPage,
  openGraphiql,
  queryEditor,
  ROOT,
  readStorage,
  result,
  rows,
  run,
  startDemoServer,
  tabNames,
  variables,
} from "../../support/graphiql-page.ts";
import { openPrefixProxy } from "../../support/prefix-proxy.ts";

const chromiumPath = findChromium();
const { subscribe } = subscriber();
let server: Awaited<ReturnType<typeof startDemoServer>>;

beforeAll(async () => {
  buildGraphiqlPage();
  server = await startDemoServer();
}, 60_000);

afterAll(() => server.close());

/** Whether the data contains a list that is not empty, or a progress that counted something. */
function hasRows(data: unknown): boolean {
  if (Array.isArray(data)) return data.length > 0;
  if (typeof data !== "object" || data === null) return false;
  return Object.entries(data).some(([name, part]) => (name === "total" && part > 0) || hasRows(part));
}

describe("the served page", () => {
  test("GraphiQL's page allows nothing but this server, and carries the demo's settings as attributes", async () => {
    const response = await fetch(`${server.url}/graphiql`);

    expect(response.headers.get("content-security-policy")).toBe(
      "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; img-src 'self' data:; " +
        "font-src 'self'; style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(response.headers.get("cache-control")).toBe("no-store");
    const page = await response.text();
    expect(page).toContain(`data-api-key="${server.demo.apiKey}" data-task-id="${server.demo.taskId}"`);
    expect(page).not.toMatch(/https?:\/\//);
  });

  test("an unchanged asset of GraphiQL's page is answered with 304", async () => {
    const address = `${server.url}/graphiql/assets/app.js`;
    const first = await fetch(address);
    await first.arrayBuffer();
    // A browser that reloads sends this header; fetch alone would send no-cache, which asks for the whole body.
    const reload = { "If-None-Match": first.headers.get("etag") ?? "", "Cache-Control": "max-age=0" };
    const again = await fetch(address, { headers: reload });

    expect([first.status, first.headers.get("cache-control"), again.status]).toEqual([200, "no-cache", 304]);
  });

  test("the real schema answers every example of GraphiQL's page with rows", async () => {
    const admin = await server.as({ isAdmin: true });
    for (const { query, variables } of exampleTabs(server.demo.taskId)) {
      const values = JSON.parse(variables);
      const answer = /^subscription /m.test(query)
        ? await (await subscribe(admin, query, values)).reader.result()
        : (await admin.query(query, values)).body;

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

  async function openDocs(page: Page) {
    await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
    await page.locator(".graphiql-doc-explorer").getByText("TaskJobs", { exact: true }).waitFor();
  }

  async function screenshot(page: Page, name: string) {
    mkdirSync(`${ROOT}/.artifacts`, { recursive: true });
    await page.screenshot({ path: `${ROOT}/.artifacts/graphiql-${name}.png` });
  }

  test("the demo's page shows rows after one click, reads the docs, asks no other host and stores no demo key", async () => {
    const { page, complaints, foreignRequests, close } = await openGraphiql(browser, server.url);
    await run(page);
    await rows(page).first().waitFor();
    await openDocs(page);
    await screenshot(page, "1280");

    expect(await page.title()).toBe("Task Jobs API · GraphiQL");
    expect(JSON.stringify(await readStorage(page))).not.toContain(server.demo.apiKey);
    expect({ complaints, foreignRequests }).toEqual({ complaints: [], foreignRequests: [] });
    await close();
  });

  test("a tab that is clicked while GraphiQL's editor still loads is shown in the editor", async () => {
    const page = await browser.newPage();
    await page.route("**/assets/chunks/*", async (route) => {
      await sleep(300);
      await route.continue();
    });
    await page.goto(`${server.url}/graphiql`);
    await page.getByRole("tab", { name: "StatusOnly" }).click();
    await queryEditor(page).getByText("StatusOnly").waitFor();
    await run(page);
    await result(page).getByText("COMPLETED").first().waitFor();
    expect(await queryEditor(page).textContent()).toContain("StatusOnly");
    await page.close();
  });

  test("GraphiQL's page is not misled by tabs left over from another database or another GraphiQL", async () => {
    const old = { id: "1", title: "old", query: "{ old }", variables: null, headers: null };
    const oldTabs = JSON.stringify({ activeTabIndex: 0, tabs: [{ ...old, operationName: null, response: null }] });
    const localStorage = [
      { name: "graphiql:tabState", value: oldTabs },
      { name: `task-jobs-api:${randomUUID()}:graphiql:tabState`, value: oldTabs },
    ];
    const storageState = { cookies: [], origins: [{ origin: server.url, localStorage }] };
    const { page, close } = await openGraphiql(browser, server.url, { storageState });
    expect(await tabNames(page)).toEqual([
      "PageOfJobs",
      "StatusOnly",
      "Deliverability",
      "SecondPage",
      "FailedOnes",
      "Walk",
      "Progress",
      "FollowTheProgress",
      "Tasks",
    ]);
    await run(page);
    await rows(page).first().waitFor();
    await close();
  });

  test("GraphiQL's page keeps the variables of the first tab over a reload", async () => {
    const { page, close } = await openGraphiql(browser, server.url);
    await readStorage(page);
    await page.reload();
    await variables(page).getByText(server.demo.taskId).waitFor();
    await run(page);
    await rows(page).first().waitFor();
    await close();
  });

  test("a phone shows one pane of GraphiQL at a time, and the result after a run", async () => {
    const { page, complaints, close } = await openGraphiql(browser, server.url, {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
    });
    const visible = async () => ({
      query: await queryEditor(page).isVisible(),
      variables: await variables(page).isVisible(),
      result: await result(page).isVisible(),
      docs: await page.locator(".graphiql-doc-explorer").isVisible(),
    });
    const none = { query: false, variables: false, result: false, docs: false };
    const panes = page.getByRole("navigation", { name: "Panes" });
    expect(await visible()).toEqual({ ...none, query: true });

    await panes.getByRole("button", { name: "Variables" }).tap();
    expect(await visible()).toEqual({ ...none, variables: true });
    await panes.getByRole("button", { name: "Query" }).tap();
    await page.getByRole("button", { name: /^Execute query/ }).tap();
    await rows(page).first().waitFor();
    expect(await visible()).toEqual({ ...none, result: true });
    await screenshot(page, "390");
    await openDocs(page);
    expect(await visible()).toEqual({ ...none, docs: true });
    await panes.getByRole("button", { name: "Query" }).tap();
    expect(await visible()).toEqual({ ...none, query: true });

    const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    expect({ overflow, complaints }).toEqual({ overflow: 0, complaints: [] });
    await close();
  });

  test.each(["/tj/graphiql", "/tj/graphiql/"])(
    "GraphiQL works behind a proxy that adds a path prefix, at %s",
    async (path) => {
      const proxy = await openPrefixProxy("/tj", server.port);
      const { page, complaints, close } = await openGraphiql(browser, proxy.url, { path });
      // The proxy's requests get no demo key, so that it is typed.
      await page.getByLabel("API key", { exact: true }).fill(server.demo.apiKey);
      await tabNames(page);
      await page.getByRole("combobox", { name: "Task" }).waitFor();
      await page.getByRole("tab", { name: "PageOfJobs" }).click();
      await run(page);
      await rows(page).first().waitFor();
      await openDocs(page);

      expect({ complaints, refused: proxy.outsidePrefix }).toEqual({ complaints: [], refused: [] });
      await close();
      await proxy.close();
    },
  );
});
