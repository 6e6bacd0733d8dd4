import { randomUUID } from "node:crypto";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newApiKey } from "../../../src/auth/api-key.ts";
import { aTask, someJobs } from "../../support/builders.ts";
import { findChromium, launchChromium } from "../../support/chromium.ts";
import {
  addKey,
  buildGraphiqlPage,
  keyField,
  keyStatus,
  openGraphiql,
  readEditor,
  readStorage,
  result,
  rows,
  run,
  STORAGE_THROWS,
  startDemoServer,
  tab,
  tabNames,
} from "../../support/graphiql-page.ts";
import { startTestServer, type TestServer } from "../../support/test-server.ts";

const chromiumPath = findChromium();
const owner = { userId: randomUUID(), key: newApiKey(), older: randomUUID(), newer: randomUUID() };

describe.skipIf(chromiumPath === null)("the API key in GraphiQL", () => {
  let browser: Browser;
  let server: TestServer;

  beforeAll(async () => {
    buildGraphiqlPage();
    server = await startTestServer();
    for (const [id, source, createdAt] of [
      [owner.older, "older.csv", "2025-01-01T00:00:00Z"],
      [owner.newer, "newer.csv", "2025-06-01T00:00:00Z"],
    ] as const) {
      await aTask(server.sql, { id, user_id: owner.userId, source, created_at: createdAt });
      await someJobs(server.sql, id, 12);
    }
    await addKey(server, owner.key, owner.userId);
    browser = await launchChromium(chromiumPath ?? "");
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  test("without the demo the page says how to create a key, and one key serves all tabs, the docs and the choice of a task", async () => {
    const { page, complaints, foreignRequests, close } = await openGraphiql(browser, server.url);
    await keyStatus(page).getByText("npm run keys -- create --user UUID").waitFor();
    expect((await tabNames(page))[0]).toBe("Tasks");

    await keyField(page).fill(`  Bearer ${owner.key} `);
    await keyStatus(page).getByText(owner.userId).waitFor();
    await run(page);
    await result(page).getByText("newer.csv").waitFor();
    await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
    await page.locator(".graphiql-doc-explorer").getByText("TaskJobs", { exact: true }).waitFor();

    for (const name of ["PageOfJobs", "StatusOnly", "SecondPage", "Progress"]) {
      await tab(page, name).click();
      await run(page);
      await expect.poll(() => readEditor(page, "response.json")).toContain('"data"');
      expect(JSON.parse(await readEditor(page, "variables.json"))).toMatchObject({ taskId: owner.newer });
      expect(JSON.parse(await readEditor(page, "response.json")).errors).toBeUndefined();
    }
    expect({ complaints, foreignRequests }).toEqual({ complaints: [], foreignRequests: [] });
    await close();
  });

  test("a task that is chosen from the list is written into the variables of every tab", async () => {
    const { page, close } = await openGraphiql(browser, server.url);
    const choice = page.getByRole("combobox", { name: "Task" });
    expect(await choice.getByRole("option").count()).toBe(0);
    await keyField(page).fill(owner.key);
    await choice.waitFor();
    await tab(page, "PageOfJobs").click();
    await choice.selectOption(owner.older);
    // GraphiQL stores an edit after 100 ms, so a click on a tab at once must not bring the old variables back.
    await page.evaluate(`document.querySelector(".graphiql-tab-active button").click()`);
    for (const name of ["PageOfJobs", "Walk"]) {
      await tab(page, name).click();
      expect(JSON.parse(await readEditor(page, "variables.json"))).toMatchObject({ taskId: owner.older });
    }
    expect(await choice.inputValue()).toBe(owner.older);
    await tab(page, "Tasks").click();
    expect(await choice.inputValue()).toBe(owner.older);
    await choice.selectOption(owner.newer);
    expect(await choice.inputValue()).toBe(owner.newer);
    await page.getByRole("button", { name: "New tab" }).click();
    expect(await choice.inputValue()).toBe(owner.newer);
    await close();
  });

  test("the key survives a reload in sessionStorage, and is in no other storage, address or attribute", async () => {
    const { page, complaints, close } = await openGraphiql(browser, server.url);
    await keyField(page).fill(owner.key);
    await keyStatus(page).getByText(owner.userId).waitFor();
    await page.reload();
    await keyStatus(page).getByText(owner.userId).waitFor();
    await tab(page, "PageOfJobs").click();
    await run(page);
    await rows(page).first().waitFor();

    const { local, session } = await readStorage(page);
    expect(session).toContain(owner.key);
    expect(local).not.toContain(owner.key);
    expect(page.url()).not.toContain(owner.key);
    expect(await page.context().cookies()).toEqual([]);
    expect(complaints).toEqual([]);

    const second = await page.context().newPage();
    await second.goto(`${server.url}/graphiql`);
    expect(await keyField(second).inputValue()).toBe("");
    await close();
  });

  test("a key that the server refuses is reported beside the field, and a corrected key is accepted", async () => {
    const { page, close } = await openGraphiql(browser, server.url);
    await keyField(page).fill(newApiKey());
    await keyField(page).press("Enter");
    await keyStatus(page).getByText("The server does not accept this API key.").waitFor();
    expect(await keyField(page).getAttribute("aria-invalid")).toBe("true");
    await result(page).getByText("The server does not accept this API key.").waitFor();
    await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
    await page.locator(".graphiql-doc-explorer-error").waitFor();
    const reason = `getComputedStyle(document.querySelector(".graphiql-doc-explorer-error"), "::after").content`;
    expect(await page.evaluate(reason)).toContain("the server refuses this API key");
    await run(page);
    await expect.poll(() => readEditor(page, "response.json")).toContain("UNAUTHENTICATED");
    await tab(page, "Walk").click();
    await run(page);
    await expect.poll(() => readEditor(page, "response.json")).toContain("UNAUTHENTICATED");
    await keyField(page).fill("schlüssel");
    await keyStatus(page).getByText("An API key has only letters").waitFor();

    await keyField(page).fill(owner.key);
    await keyStatus(page).getByText(owner.userId).waitFor();
    expect(await keyField(page).getAttribute("aria-invalid")).toBe("false");
    await expect.poll(() => readEditor(page, "response.json")).toBe("");
    await tab(page, "Tasks").click();
    expect(await readEditor(page, "response.json")).toBe("");
    await close();
  });

  test("a user without tasks sees how to import one", async () => {
    const key = newApiKey();
    const userId = randomUUID();
    await addKey(server, key, userId);
    const { page, close } = await openGraphiql(browser, server.url);
    await keyField(page).fill(key);
    await expect.poll(() => keyStatus(page).textContent()).toContain(`npm run import -- FILE --user ${userId}`);
    await close();
  });

  test("the key field has a label, is reached by the keyboard, and shows the key on request", async () => {
    const { page, close } = await openGraphiql(browser, server.url);
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.id")).toBe("api-key");
    expect(await keyField(page).getAttribute("type")).toBe("password");
    await page.keyboard.type(owner.key);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    expect(await keyField(page).getAttribute("type")).toBe("text");
    await keyStatus(page).getByText(owner.userId).waitFor();
    await close();
  });

  test("a credential in the Headers pane replaces the key of the field", async () => {
    const { page, close } = await openGraphiql(browser, server.url);
    await page.getByRole("button", { name: "Headers" }).click();
    await page.locator(".graphiql-editor-tool .graphiql-editor:not(.hidden) .view-lines").click();
    await page.keyboard.insertText(JSON.stringify({ "x-api-key": owner.key }));
    await run(page);
    await result(page).getByText("newer.csv").waitFor();
    expect(await keyField(page).inputValue()).toBe("");
    await close();
  });

  test("the page works in a browser that blocks storage", async () => {
    const { page, complaints, close } = await openGraphiql(browser, server.url, { before: STORAGE_THROWS });
    await keyField(page).fill(owner.key);
    await keyStatus(page).getByText(owner.userId).waitFor();
    await tab(page, "PageOfJobs").click();
    await run(page);
    await rows(page).first().waitFor();
    expect(complaints).toEqual([]);
    await close();
  });

  test("Clear data in the settings removes the tabs and the key", async () => {
    const { page, close } = await openGraphiql(browser, server.url);
    await keyField(page).fill(owner.key);
    await keyStatus(page).getByText(owner.userId).waitFor();
    // Not the tabs themselves: GraphiQL may store them again half a second after an edit.
    const marker = JSON.stringify("task-jobs-api:00000000-0000-0000-0000-000000000000:graphiql:marker");
    await page.evaluate(`localStorage.setItem(${marker}, "stored")`);
    await page.getByRole("button", { name: "Open settings dialog" }).click();
    await page.getByRole("button", { name: "Clear data" }).click();
    await page.getByRole("button", { name: "Cleared data" }).waitFor();
    expect(await page.evaluate(`[localStorage.getItem(${marker}), sessionStorage.length]`)).toEqual([null, 0]);
    await close();
  });
});

describe.skipIf(chromiumPath === null)("the demo's GraphiQL", () => {
  test("a key of another user replaces the demo's key and task", async () => {
    const server = await startDemoServer();
    const userId = randomUUID();
    const key = newApiKey();
    const taskId = randomUUID();
    await aTask(server.sql, { id: taskId, user_id: userId, source: "imported.csv" });
    await someJobs(server.sql, taskId, 3);
    await addKey(server, key, userId);
    const browser = await launchChromium(chromiumPath ?? "");
    const { page, close } = await openGraphiql(browser, server.url);
    expect(await keyField(page).inputValue()).toBe(server.demo.apiKey);
    await keyField(page).fill(key);
    await keyStatus(page).getByText(userId).waitFor();
    await run(page);
    await rows(page).first().waitFor();
    await tab(page, "Walk").click();
    expect(JSON.parse(await readEditor(page, "variables.json"))).toMatchObject({ taskId });
    await readStorage(page);

    // A new browser tab has the demo's key again, but the stored tabs of the other user.
    const second = await page.context().newPage();
    await expect.poll(async () => (await readStorage(page)).local).toContain(taskId);
    await second.goto(`${server.url}/graphiql`);
    await second.locator(".graphiql-query-editor .view-line").first().waitFor();
    await tab(second, "PageOfJobs").click();
    await expect
      .poll(async () => JSON.parse(await readEditor(second, "variables.json")))
      .toMatchObject({ taskId: server.demo.taskId });
    await run(second);
    await rows(second).first().waitFor();
    await close();
    await browser.close();
    await server.close();
  });
});
