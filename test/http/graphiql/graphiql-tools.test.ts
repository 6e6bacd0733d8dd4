import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { findChromium } from "../../support/chromium.ts";
import { becomes, button, clipboard, readQuery, shareDemoInBrowser } from "../../support/demo-in-browser.ts";
import {
  FRAGMENTS,
  keyField,
  queryEditor,
  result,
  run,
  tab,
  variables,
  writeQuery,
} from "../../support/graphiql-page.ts";

const chromiumPath = findChromium();
const UGLY = "# why\nquery   Me{viewer{userId # who\n isAdmin}}";
const PRETTY = "# why\nquery Me {\n  viewer {\n    userId # who\n    isAdmin\n  }\n}\n";

describe.skipIf(chromiumPath === null)("the tools of GraphiQL", () => {
  const { demoServer, openReady } = shareDemoInBrowser(chromiumPath);

  test("every button of the toolbar works: Prettify keeps comments, Merge inlines fragments, Copy copies", async () => {
    const { page, complaints, close } = await openReady();
    await writeQuery(page, UGLY);
    await button(page, /^Prettify/).click();
    await becomes(() => readQuery(page), PRETTY);

    await button(page, /^Copy query/).click();
    await page.getByText("The operation is copied.").waitFor();
    expect(await clipboard(page)).toBe(PRETTY);

    await writeQuery(page, FRAGMENTS);
    await tab(page, "Me").waitFor();
    await button(page, /^Merge/).click();
    await expect.poll(() => readQuery(page)).not.toContain("...V");
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
    await becomes(() => readQuery(page), PRETTY);
    await page.keyboard.press("Shift+Control+C");
    await becomes(() => clipboard(page), PRETTY);

    await writeQuery(page, FRAGMENTS);
    await becomes(() => readQuery(page), FRAGMENTS);
    await page.waitForTimeout(300);
    await focus(page);
    await page.keyboard.press("Shift+Control+M");
    await expect.poll(() => readQuery(page)).not.toContain("...V");

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
    await expect.poll(async () => (await readQuery(page)).trim()).toBe(PRETTY.trim());
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
    await variables(page).getByText(demoServer().demo.taskId).waitFor();
    expect(complaints).toEqual([]);
    await close();
  });
});
