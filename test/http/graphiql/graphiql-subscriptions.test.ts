import { mkdirSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { aJob } from "../../support/builders.ts";
import { findChromium, launchChromium } from "../../support/chromium.ts";
import { subscriber } from "../../support/event-reader.ts";
import {
  buildGraphiqlPage,
  keyField,
  openGraphiql,
  ROOT,
  readEditor,
  result,
  run,
  STORAGE_THROWS,
  startDemoServer,
  tab,
} from "../../support/graphiql-page.ts";
import { openPrefixProxy } from "../../support/prefix-proxy.ts";

const chromiumPath = findChromium();
const TOKEN = "a-token-of-this-test-0123456789";
const TAB = "FollowTheProgress";
const { subscribe } = subscriber();

describe.skipIf(chromiumPath === null)("subscriptions in GraphiQL", () => {
  let browser: Browser;
  let server: Awaited<ReturnType<typeof startDemoServer>>;

  beforeAll(async () => {
    buildGraphiqlPage();
    const environment = { METRICS_TOKEN: TOKEN, LIVE_STREAMS_PER_USER: "1" };
    server = await startDemoServer({ environment, liveTimes: { lookEveryMs: 100, checkEveryMs: 100 } });
    browser = await launchChromium(chromiumPath ?? "");
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await server.close();
  });
  beforeEach(async () => {
    await server.sql`delete from task_email_jobs where task_id = ${server.demo.taskId}`;
    for (let count = 0; count < 4; count += 1) await aJob(server.sql, { task_id: server.demo.taskId });
  });

  const stop = (page: Page) => page.getByRole("button", { name: /^Stop/ }).first();
  const completeJobs = (count: number) => server.sql`
    update task_email_jobs set status = 'completed', updated_at = now() where id in (
      select id from task_email_jobs where task_id = ${server.demo.taskId} and status = 'pending' limit ${count})`;

  async function progress(page: Page) {
    const text = await readEditor(page, "response.json");
    return text === "" ? null : JSON.parse(text).data?.taskProgress?.percent;
  }

  async function openStreams(): Promise<number> {
    const scraped = await fetch(`${server.url}/metrics`, { headers: { Authorization: `Bearer ${TOKEN}` } });
    return Number(/^live_streams\{kind="sse"\} (\d+)$/m.exec(await scraped.text())?.[1]);
  }

  /** Opens the example, runs it and waits for its first event. */
  async function follow(options: Parameters<typeof openGraphiql>[2] = {}) {
    const opened = await openGraphiql(browser, server.url, options);
    await opened.page.getByRole("combobox", { name: "Task" }).waitFor();
    await tab(opened.page, TAB).click();
    await run(opened.page);
    await expect.poll(() => progress(opened.page)).toBe(0);
    return opened;
  }

  test("GraphiQL shows how the progress changes, and Stop ends the stream on the server", async () => {
    const { page, complaints, foreignRequests, close } = await follow();
    expect(await openStreams()).toBe(1);
    await completeJobs(2);
    await expect.poll(() => progress(page)).toBe(50);
    await screenshot(page, "1280");

    await stop(page).click();
    await expect.poll(openStreams).toBe(0);
    await completeJobs(1);
    await run(page);
    await expect.poll(() => progress(page)).toBe(75);
    await completeJobs(1);
    await expect.poll(() => progress(page)).toBe(100);
    // The subscription is complete, so that the button runs it again.
    await page.getByRole("button", { name: /^Execute query/ }).waitFor();
    expect({ complaints, foreignRequests }).toEqual({ complaints: [], foreignRequests: [] });
    await close();
  });

  test("on a phone the subscription can be stopped beside its result", async () => {
    const { page, complaints, close } = await follow({ viewport: { width: 390, height: 844 }, hasTouch: true });
    await completeJobs(2);
    await expect.poll(() => progress(page)).toBe(50);
    await screenshot(page, "390");
    const panes = page.getByRole("navigation", { name: "Panes" });
    await panes.getByRole("button", { name: "Stop" }).tap();
    await expect.poll(openStreams).toBe(0);
    await expect.poll(() => panes.getByRole("button").allInnerTexts()).toEqual(["Query", "Variables", "Result"]);
    const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    expect({ overflow, complaints }).toEqual({ overflow: 0, complaints: [] });
    await close();
  });

  test("a shared link opens a subscription, also below a path prefix and in a browser that blocks storage", async () => {
    const proxy = await openPrefixProxy("/tj", server.port);
    const query = "subscription Shared($id: UUID!) { taskProgress(taskId: $id) { percent } }";
    const search = new URLSearchParams({ query, variables: JSON.stringify({ id: server.demo.taskId }) });
    const path = `/tj/graphiql?${search}`;
    const { page, complaints, close } = await openGraphiql(browser, proxy.url, { path, before: STORAGE_THROWS });
    await keyField(page).fill(server.demo.apiKey);
    await page.getByRole("combobox", { name: "Task" }).waitFor();
    await run(page);
    await expect.poll(() => progress(page)).toBe(0);
    await completeJobs(1);
    await expect.poll(() => progress(page)).toBe(25);
    // A change of the tab ends the stream like Stop.
    await tab(page, TAB).click();
    await expect.poll(openStreams).toBe(0);
    expect({ complaints, refused: proxy.outsidePrefix }).toEqual({ complaints: [], refused: [] });
    await close();
    await proxy.close();
  });

  test("GraphiQL shows why a subscription is refused or ends early", async () => {
    const { page, close } = await follow();
    server.app.server.closeAllConnections();
    await result(page).getByText("The connection was lost").waitFor();
    expect(await readEditor(page, "response.json")).not.toContain("stack");

    const get = (path: string, init: RequestInit = {}) =>
      fetch(server.url + path, {
        ...init,
        headers: { Authorization: `Bearer ${server.demo.apiKey}`, ...init.headers },
      });
    const query = "subscription ($id: UUID!) { taskProgress(taskId: $id) { percent } }";
    const { reader } = await subscribe({ get }, query, { id: server.demo.taskId });
    await reader.result();
    await run(page);
    await result(page).getByText("RATE_LIMITED").waitFor();
    await reader.close();
    await expect.poll(openStreams).toBe(0);

    await run(page);
    await expect.poll(() => progress(page)).toBe(0);
    await server.sql`update tasks set deleted_at = now() where id = ${server.demo.taskId}`;
    await result(page).getByText("NOT_FOUND").waitFor();
    await server.sql`update tasks set deleted_at = null where id = ${server.demo.taskId}`;

    await run(page);
    await expect.poll(() => progress(page)).toBe(0);
    await server.sql`update api_keys set revoked_at = now()`;
    await result(page).getByText("UNAUTHENTICATED").waitFor();
    await run(page);
    await result(page).getByText("UNAUTHENTICATED").waitFor();
    await page.getByRole("button", { name: /^Execute query/ }).waitFor();
    await close();
  });
});

async function screenshot(page: Page, name: string) {
  mkdirSync(`${ROOT}/.artifacts`, { recursive: true });
  await page.screenshot({ path: `${ROOT}/.artifacts/graphiql-subscription-${name}.png` });
}
