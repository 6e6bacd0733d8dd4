import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium } from "playwright-core";

const USUAL_PATHS = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome-stable",
  "/usr/bin/google-chrome",
  "/snap/bin/chromium",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** The path of a Chromium. Without one it returns null, or throws if `REQUIRE_BROWSER=1`, as in CI. */
export function findChromium(environment = process.env): string | null {
  const { CHROMIUM_PATH, REQUIRE_BROWSER } = environment;
  // A wrong CHROMIUM_PATH is an error. It is not replaced by another browser.
  const path = (CHROMIUM_PATH ? [CHROMIUM_PATH] : USUAL_PATHS).find((candidate) => existsSync(candidate));
  if (path !== undefined) return path;

  const complaint = CHROMIUM_PATH
    ? `CHROMIUM_PATH names ${CHROMIUM_PATH}, which is not there.`
    : "No Chromium found; `apt-get install chromium`, or name one in CHROMIUM_PATH.";
  if (REQUIRE_BROWSER === "1" || CHROMIUM_PATH) throw new Error(complaint);
  console.warn(`\n⚠ THE BROWSER TESTS ARE SKIPPED, so GraphiQL is not tested. ${complaint}\n`);
  return null;
}

export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    // The sandbox does not run as root, which CI and containers use. The second flag prevents requests of the browser itself,
    // which would look like requests of the page.
    args: ["--no-sandbox", "--disable-background-networking"],
  });
}

interface PageOptions extends BrowserContextOptions {
  /** Runs in the page before its own scripts. */
  readonly before?: string | undefined;
}

/** Opens a page in a new browser profile, and collects its errors and its requests to other hosts. */
export async function openPage(browser: Browser, url: string, { before, ...profile }: PageOptions = {}) {
  const { origin } = new URL(url);
  const context = await browser.newContext(profile);
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const complaints: string[] = [];
  const foreignRequests: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  context.on("request", (request) => {
    if (![origin, "data:"].some((own) => request.url().startsWith(own))) foreignRequests.push(request.url());
  });
  if (before !== undefined) await page.addInitScript({ content: before });
  await page.goto(url);
  return { page, complaints, foreignRequests, close: () => context.close() };
}
