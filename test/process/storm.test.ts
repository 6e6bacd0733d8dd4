import { afterAll, expect, test } from "vitest";
import { startProgram } from "../support/program.ts";

// A shorter edition of `npm run storm`, with as many faults a second: nobody may notice a killed or frozen backend.

let storm: ReturnType<typeof startProgram>;
// In good order: killed, it would leave its server behind.
afterAll(() => storm.stop());

test("40 clients get right answers only while backends are killed, frozen and run into errors in mid-stream", async () => {
  storm = startProgram("tools/storm/run.mjs", {}, ["--seconds", "15", "--seed", "4"]);
  const { code, stdout, stderr } = await storm.ended;
  expect(code, stdout + stderr).toBe(0);
}, 120_000);
