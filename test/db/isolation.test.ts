import { test } from "vitest";
import { expectCalmUnder } from "../support/storm.ts";

// A shorter edition of `npm run storm -- --scenario isolation`: some answers are errors, none has a wrong row.

test("200 clients, a third of which hang up, get their own rows and whole pages under kills, locks and timeouts", async () => {
  await expectCalmUnder("--scenario", "isolation", "--seconds", "8", "--seed", "1");
}, 120_000);
