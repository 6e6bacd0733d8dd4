import { expect, test } from "vitest";
import { startProgram } from "../support/program.ts";

// A shorter run of `npm run storm -- --scenario hostile-key`.

test("a server with a heap of 256 MB stays under 450 MB while one key sends the most expensive requests, and serves another key", async () => {
  const storm = startProgram("tools/storm/run.mjs", {}, ["--scenario", "hostile-key", "--seconds", "10"]);
  // A killed storm would leave its server running, so end it with SIGTERM.
  const stop = () => storm.child.kill("SIGTERM");
  process.once("exit", stop);
  const { code, stdout, stderr } = await storm.ended;
  process.off("exit", stop);
  expect(code, stdout + stderr).toBe(0);
}, 240_000);
