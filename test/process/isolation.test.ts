import { afterAll, expect, test } from "vitest";
import { startProgram } from "../support/program.ts";

// A shorter edition of `npm run storm -- --scenario isolation`: some answers are errors, none has a wrong row.

let isolation: ReturnType<typeof startProgram>;
// In good order: killed, it would leave its server behind.
afterAll(() => isolation.stop());

test("200 clients, a third of which hang up, get their own rows and whole pages under kills, locks and timeouts", async () => {
  isolation = startProgram("tools/storm/run.mjs", {}, ["--scenario", "isolation", "--seconds", "8", "--seed", "1"]);
  const { code, stdout, stderr } = await isolation.ended;
  expect(code, stdout + stderr).toBe(0);
}, 120_000);
