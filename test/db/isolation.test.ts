import { test } from "vitest";
import { expectGoodStorm } from "../support/storm.ts";

// A shorter run of `npm run storm -- --scenario isolation`: some responses are errors, but none contains a wrong row.

test("200 clients, of which a third disconnect, get only their own rows and complete pages during kills, locks and timeouts", async () => {
  await expectGoodStorm("--scenario", "isolation", "--seconds", "5", "--seed", "1");
}, 240_000);
