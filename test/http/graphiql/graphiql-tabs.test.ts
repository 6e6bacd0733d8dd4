import { describe, expect, test } from "vitest";
import { findChromium } from "../../support/chromium.ts";
import { becomes, button, clipboard, readQuery, shareDemoInBrowser } from "../../support/demo-in-browser.ts";
import {
  FRAGMENTS,
  keyStatus,
  queryEditor,
  readEditor,
  readStorage,
  result,
  rows,
  run,
  tab,
  tabNames,
  writeQuery,
} from "../../support/graphiql-page.ts";

const chromiumPath = findChromium();
const TWO = "query One { viewer { userId } } query Two { viewer { isAdmin } }";

describe.skipIf(chromiumPath === null)("the tabs and links of GraphiQL", () => {
  const { demoServer, openReady } = shareDemoInBrowser(chromiumPath);

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
    await expect.poll(async () => (await tabNames(page))[0]).not.toBe("PageOfJobs");
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
    const values = { taskId: demoServer().demo.taskId };
    const linked = `query Linked($taskId: UUID!) { taskJobs(taskId: $taskId, limit: 3) { jobs { emailAddress } } } ${TWO}`;
    const search = new URLSearchParams({ query: linked, variables: JSON.stringify(values), operationName: "Two" });
    const { page, complaints, close } = await openReady({ path: `/graphiql?${search}` });
    expect(await readQuery(page)).toBe(linked);
    expect(JSON.parse(await readEditor(page, "variables.json"))).toEqual(values);
    expect((await tabNames(page)).length).toBe(10);
    await page.keyboard.press("Control+Enter");
    await result(page).getByText("isAdmin").waitFor();

    await readStorage(page);
    await page.reload();
    await becomes(() => readQuery(page), linked);
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
    await expect.poll(async () => (await readStorage(page)).local).toContain("untitled");
    await page.goto(`${demoServer().url}/graphiql?${search}`);
    await tab(page, "Shared").waitFor();
    await becomes(isActiveTabVisible, true);
    await close();
  });

  test("a link opens beside the tabs of an earlier visit", async () => {
    const { page, close } = await openReady();
    await readStorage(page);
    await page.goto(
      `${demoServer().url}/graphiql?${new URLSearchParams({ query: "query Shared { viewer { userId } }" })}`,
    );
    await keyStatus(page).getByText("User").waitFor();
    expect(await readQuery(page)).toBe("query Shared { viewer { userId } }");
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
    expect(link).not.toContain(demoServer().demo.apiKey);
    const before = await readQuery(page);
    await page.goto("about:blank");
    await page.goto(link);
    await becomes(() => readQuery(page), before);
    await run(page);
    await rows(page).first().waitFor();
    await close();
  });
});
