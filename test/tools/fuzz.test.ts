import { afterEach, expect, test } from "vitest";
import { startProgram } from "../support/program.ts";

let running: ReturnType<typeof startProgram> | undefined;
afterEach(async () => {
  await running?.stop();
});

test("4,000 fuzzed requests cause no 5xx, leak, wrong acceptance, hanging request or private data in the log", async () => {
  // The server delays refusals by a second, so that more requests at once end sooner.
  const options = ["--seed", "20260", "--count", "4000", "--concurrency", "64"];
  running = startProgram("tools/fuzz/run.mjs", {}, options);
  const { code, stdout, stderr } = await running.ended;
  expect(stdout, stderr).toContain("4,000 test cases");
  expect(stdout).toContain("failures 0");
  expect(stdout).not.toContain("FAILED");
  expect(code).toBe(0);
}, 240_000);
