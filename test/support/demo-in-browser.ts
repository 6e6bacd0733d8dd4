import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";
import { launchChromium } from "./chromium.ts";
import { buildGraphiqlPage, openGraphiql, readEditor, startDemoServer } from "./graphiql-page.ts";

export const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });
export const readQuery = (page: Page) => readEditor(page, "operation.graphql");
export const clipboard = (page: Page) => page.evaluate<string>("navigator.clipboard.readText()");
export const becomes = (read: () => Promise<unknown>, expected: unknown) => expect.poll(read).toEqual(expected);

/** Starts a demo server and a browser, which may use the clipboard, for the tests of a `describe`. */
export function shareDemoInBrowser(chromiumPath: string | null) {
  const permissions = ["clipboard-read", "clipboard-write"];
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

  return {
    demoServer: () => server,
    /** Opens GraphiQL and waits for its list of tasks. */
    async openReady(options = {}) {
      const opened = await openGraphiql(browser, server.url, { permissions, ...options });
      await opened.page.getByRole("combobox", { name: "Task" }).waitFor();
      return opened;
    },
  };
}
