import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { findChromium, launchChromium } from "../../support/chromium.ts";
import {
  buildGraphiqlPage,
  keyField,
  keyStatus,
  openGraphiql,
  queryEditor,
  readEditor,
  readStorage,
  result,
  rows,
  run,
  startDemoServer,
  tab,
  tabNames,
  variables,
  writeQuery,
} from "../../support/graphiql-page.ts";

const chromiumPath = findChromium();
const UGLY = "# why\nquery   Me{viewer{userId # who\n isAdmin}}";
const PRETTY = "# why\nquery Me {\n  viewer {\n    userId # who\n    isAdmin\n  }\n}\n";
const FRAGMENTS = "query Me { viewer { ...V } } fragment V on Viewer { userId }";
const TWO = "query One { viewer { userId } } query Two { viewer { isAdmin } }";

describe.skipIf(chromiumPath === null)("the tools of GraphiQL", () => {
  let browser: Browser;
  let server: Awaited<ReturnType<typeof startDemoServer>>;

  beforeAll(async () => {
    buildGraphiqlPage();
    server = await startDemoServer();
    browser = await launchChromium(chromiumPath ?? "");
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  const permissions = ["clipboard-read", "clipboard-write"];
  const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });
  const query = (page: Page) => readEditor(page, "operation.graphql");
  const clipboard = (page: Page) => page.evaluate<string>("navigator.clipboard.readText()");
  const becomes = (read: () => Promise<unknown>, expected: unknown) =>
    vi.waitFor(async () => expect(await read()).toEqual(expected), { timeout: 10_000 });

  async function openReady(options = {}) {
    const opened = await openGraphiql(browser, server.url, { permissions, ...options });
    await opened.page.getByRole("combobox", { name: "Task" }).waitFor();
    return opened;
  }

  test("every button of the toolbar works: Prettify keeps comments, Merge inlines fragments, Copy copies", async () => {
    const { page, complaints, close } = await openReady();
    await writeQuery(page, UGLY);
    await button(page, /^Prettify/).click();
    await becomes(() => query(page), PRETTY);

    await button(page, /^Copy query/).click();
    await page.getByText("The operation is copied.").waitFor();
    expect(await clipboard(page)).toBe(PRETTY);

    await writeQuery(page, FRAGMENTS);
    await tab(page, "Me").waitFor();
    await button(page, /^Merge/).click();
    await vi.waitFor(async () => expect(await query(page)).not.toContain("...V"), { timeout: 10_000 });
    await run(page);
    await result(page).getByText("userId").waitFor();
    expect(complaints).toEqual([]);
    await close();
  });

  test.each([
    ["in the editor", (page: Page) => queryEditor(page).locator(".view-lines").click()],
    ["in the key field", (page: Page) => keyField(page).focus()],
  ])("every shortcut of the dialog works with the focus %s", async (_where, focus) => {
    const { page, complaints, close } = await openReady();
    await writeQuery(page, UGLY);
    await tab(page, "Me").waitFor();
    await focus(page);
    await page.keyboard.press("Control+Enter");
    await result(page).getByText("isAdmin").waitFor();
    await page.keyboard.press("Shift+Control+P");
    await becomes(() => query(page), PRETTY);
    await page.keyboard.press("Shift+Control+C");
    await becomes(() => clipboard(page), PRETTY);

    await writeQuery(page, FRAGMENTS);
    await vi.waitFor(async () => expect(await query(page)).toBe(FRAGMENTS));
    await page.waitForTimeout(300);
    await focus(page);
    await page.keyboard.press("Shift+Control+M");
    await vi.waitFor(async () => expect(await query(page)).not.toContain("...V"), { timeout: 10_000 });

    const introspection = page.waitForRequest((request) => request.postData()?.includes("__schema") === true);
    await page.keyboard.press("Shift+Control+R");
    await introspection;
    await page.keyboard.press("Control+Alt+K");
    await page.locator(".graphiql-doc-explorer-search-input input").waitFor();
    await becomes(() => page.evaluate("document.activeElement.getAttribute('data-cy')"), "doc-explorer-input");
    await page.keyboard.type("taskJobs");
    await page.getByRole("option").filter({ hasText: "taskJobs" }).first().waitFor();
    expect(complaints).toEqual([]);
    await close();
  });

  test("the shortcuts of the editor work: find, command palette, completion and Format Document", async () => {
    const { page, complaints, close } = await openReady();
    await writeQuery(page, "{ viewer { userId } }");
    await page.keyboard.press("Control+F");
    await page.locator(".find-widget.visible").waitFor();
    await page.keyboard.press("Escape");
    await queryEditor(page).locator(".view-lines").click();
    await page.keyboard.press("F1");
    await page.locator(".quick-input-widget input[type=text]").waitFor();
    await page.keyboard.type("prettify");
    await page.locator(".quick-input-widget").getByText("Prettify Editors").waitFor();
    await page.keyboard.press("Escape");

    await writeQuery(page, UGLY);
    await page.keyboard.press("Control+Shift+I");
    await vi.waitFor(async () => expect((await query(page)).trim()).toBe(PRETTY.trim()), { timeout: 10_000 });
    await writeQuery(page, "{ ");
    await page.keyboard.press("Control+Space");
    await page.locator(".suggest-widget").getByText("taskJobs").first().waitFor();
    expect(complaints).toEqual([]);
    await close();
  });

  test("every button of the sidebar and every setting works", async () => {
    const { page, complaints, close } = await openReady();
    const introspection = page.waitForRequest((request) => request.postData()?.includes("__schema") === true);
    await button(page, /^Re-fetch GraphQL schema/).click();
    await introspection;

    await button(page, "Open short keys dialog").click();
    await page.getByText("Prettify editors").waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+,");
    await page.getByRole("dialog").waitFor();
    await button(page, "Dark").click();
    expect(await page.evaluate("document.body.className")).toContain("graphiql-dark");
    await button(page, "Light").click();
    expect(await page.evaluate("document.body.className")).toContain("graphiql-light");
    await button(page, "System").click();
    expect(await page.getByText("Persist headers").count()).toBe(0);
    await page.keyboard.press("Escape");
    await button(page, "Hide editor tools").click();
    await button(page, "Show editor tools").click();
    await button(page, "Headers").click();
    await button(page, "Variables").click();
    await variables(page).getByText(server.demo.taskId).waitFor();
    expect(complaints).toEqual([]);
    await close();
  });

  test("a tab can be added, named by its operation, moved and closed", async () => {
    const { page, complaints, close } = await openReady();
    await button(page, "New tab").click();
    await writeQuery(page, FRAGMENTS);
    await tab(page, "Me").waitFor();
    await run(page);
    await result(page).getByText("userId").waitFor();
    await tab(page, "StatusOnly").click();
    await tab(page, "StatusOnly").getByRole("button", { name: "Close Tab" }).click();
    expect(await tabNames(page)).not.toContain("StatusOnly");

    const from = await tab(page, "PageOfJobs").boundingBox();
    const to = await tab(page, "SecondPage").boundingBox();
    if (!from || !to) throw new Error("the tabs are not visible");
    await page.mouse.move(from.x + 20, from.y + 10);
    await page.mouse.down();
    await page.mouse.move(to.x + to.width - 5, to.y + 10, { steps: 12 });
    await page.mouse.up();
    await vi.waitFor(async () => expect((await tabNames(page))[0]).not.toBe("PageOfJobs"), { timeout: 10_000 });
    expect(complaints).toEqual([]);
    await close();
  });

  test("Stop aborts a request, and its answer does not appear in another tab", async () => {
    const { page, complaints, close } = await openReady();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route("**/graphql", async (route) => {
      await held;
      await route.continue().catch(() => {});
    });
    const failed = page.waitForEvent("requestfailed");
    await run(page);
    await button(page, /^Stop query/).click();
    await failed;
    await button(page, /^Execute query/).waitFor();
    await run(page);
    const failedAgain = page.waitForEvent("requestfailed");
    await tab(page, "StatusOnly").click();
    await failedAgain;
    release();
    await page.waitForTimeout(300);
    expect(await readEditor(page, "response.json")).toBe("");
    expect(complaints).toEqual([]);
    await close();
  });

  test("a link with query, variables and operationName opens as a tab, which a reload keeps", async () => {
    const values = { taskId: server.demo.taskId };
    const linked = `query Linked($taskId: UUID!) { taskJobs(taskId: $taskId, limit: 3) { jobs { emailAddress } } } ${TWO}`;
    const search = new URLSearchParams({ query: linked, variables: JSON.stringify(values), operationName: "Two" });
    const { page, complaints, close } = await openReady({ path: `/graphiql?${search}` });
    expect(await query(page)).toBe(linked);
    expect(JSON.parse(await readEditor(page, "variables.json"))).toEqual(values);
    expect((await tabNames(page)).length).toBe(10);
    await page.keyboard.press("Control+Enter");
    await result(page).getByText("isAdmin").waitFor();

    await readStorage(page);
    await page.reload();
    await becomes(() => query(page), linked);
    expect((await tabNames(page)).length).toBe(10);
    expect(complaints).toEqual([]);
    await close();
  });

  test("Run starts the operation that a link names, and opens GraphiQL's menu after the cursor has moved", async () => {
    const search = new URLSearchParams({ query: TWO, operationName: "Two" });
    const { page, complaints, close } = await openReady({ path: `/graphiql?${search}` });
    await run(page);
    await result(page).getByText("isAdmin").waitFor();
    await button(page, "Copy a link to this operation").click();
    await page.getByText("A link to this operation is copied.").waitFor();
    expect(await clipboard(page)).toContain("operationName=Two");
    await queryEditor(page)
      .locator(".view-lines")
      .click({ position: { x: 40, y: 5 } });
    await run(page);
    await page.getByRole("menuitem", { name: "One" }).click();
    await result(page).getByText("userId").waitFor();
    expect(complaints).toEqual([]);
    await close();
  });

  test("the active tab is scrolled into view when the documentation opens and when a tab or a link is opened", async () => {
    const search = new URLSearchParams({ query: "query Shared { viewer { userId } }" });
    const { page, close } = await openReady();
    const isActiveTabVisible = () =>
      page.evaluate(`(() => {
        const strip = document.querySelector(".graphiql-tabs").getBoundingClientRect();
        const active = document.querySelector(".graphiql-tab-active").getBoundingClientRect();
        return active.left >= strip.left - 1 && active.right <= strip.right + 1;
      })()`);
    await tab(page, "Tasks").click();
    await button(page, "Show Documentation Explorer").click();
    await becomes(isActiveTabVisible, true);
    for (let count = 0; count < 3; count += 1) await button(page, "New tab").click();
    await becomes(isActiveTabVisible, true);
    await vi.waitFor(async () => expect((await readStorage(page)).local).toContain("untitled"), 9000);
    await page.goto(`${server.url}/graphiql?${search}`);
    await tab(page, "Shared").waitFor();
    await becomes(isActiveTabVisible, true);
    await close();
  });

  test("a link opens beside the tabs of an earlier visit", async () => {
    const { page, close } = await openReady();
    await readStorage(page);
    await page.goto(`${server.url}/graphiql?${new URLSearchParams({ query: "query Shared { viewer { userId } }" })}`);
    await keyStatus(page).getByText("User").waitFor();
    expect(await query(page)).toBe("query Shared { viewer { userId } }");
    expect(await tabNames(page)).toEqual(expect.arrayContaining(["PageOfJobs", "Shared"]));
    await run(page);
    await result(page).getByText("userId").waitFor();
    await close();
  });

  test("the link button copies a link that opens the same operation and contains no key", async () => {
    const { page, close } = await openReady();
    await button(page, "Copy a link to this operation").click();
    await page.getByText("A link to this operation is copied.").waitFor();
    const link = await clipboard(page);
    expect(link).not.toContain(server.demo.apiKey);
    const before = await query(page);
    await page.goto("about:blank");
    await page.goto(link);
    await becomes(() => query(page), before);
    await run(page);
    await rows(page).first().waitFor();
    await close();
  });
});
