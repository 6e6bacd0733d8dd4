import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const USUAL_PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome-stable",
  "/usr/bin/google-chrome",
  "/snap/bin/chromium",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** Null where there is none and none is demanded; CI demands one with `REQUIRE_BROWSER=1`. */
export function findChromium(environment = process.env): string | null {
  const { CHROMIUM_PATH, REQUIRE_BROWSER } = environment;
  // A path somebody gave is never swapped for another browser behind their back.
  const path = (CHROMIUM_PATH ? [CHROMIUM_PATH] : USUAL_PLACES).find((candidate) => existsSync(candidate));
  if (path !== undefined) return path;

  const complaint = CHROMIUM_PATH
    ? `CHROMIUM_PATH names ${CHROMIUM_PATH}, which is not there.`
    : "No Chromium found; `apt-get install chromium`, or name one in CHROMIUM_PATH.";
  if (REQUIRE_BROWSER === "1" || CHROMIUM_PATH) throw new Error(complaint);
  console.warn(`\n⚠ THE BROWSER TESTS ARE SKIPPED: nobody looks at GraphiQL. ${complaint}\n`);
  return null;
}

export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    // Its sandbox refuses to run as root, which is what CI and containers are. The other flag keeps the browser's own
    // update and variation requests from looking like the page's.
    args: ["--no-sandbox", "--disable-background-networking"],
  });
}
