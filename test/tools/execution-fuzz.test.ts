import { afterEach, expect, test } from "vitest";
import { startProgram } from "../support/program.ts";

let running: ReturnType<typeof startProgram> | undefined;
afterEach(async () => {
  await running?.stop();
});

/** Both seeds are fixed, so that a red run is red again. */
function fuzz(...args: string[]) {
  running = startProgram("tools/fuzz/run.mjs", {}, ["--campaign", "execution", "--seed", "20260", ...args]);
  return running.ended;
}

test.each([
  ["through the real server", ["--over", "socket", "--count", "120"]],
  ["with emails, states and viewers that cannot be answered", ["--over", "process", "--count", "250"]],
])(
  "the first, third and fifth execution of a document are those of graphql-js, %s",
  async (_, args) => {
    const { code, stdout, stderr } = await fuzz(...args);
    expect(stdout, stderr).toContain("differences 0\n  unhandled rejections 0");
    expect(code).toBe(0);
  },
  120_000,
);
