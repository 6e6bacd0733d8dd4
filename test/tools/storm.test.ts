import { test } from "vitest";
import { expectGoodStorm } from "../support/storm.ts";

// A shorter run of `npm run storm` with the same number of faults per second. On a slow machine a user's requests may wait for
// a frozen backend longer than the default time limit, which `test/db/faults.test.ts` tests.

test("40 clients get every response while backends are killed, frozen and fail in the middle of a result", async () => {
  await expectGoodStorm("--seconds", "7", "--seed", "4", "--patient");
}, 240_000);

test("watchers at two servers receive every change while backends are killed and a server is restarted", async () => {
  await expectGoodStorm("--scenario", "watchers", "--single", "--seconds", "2");
}, 240_000);
