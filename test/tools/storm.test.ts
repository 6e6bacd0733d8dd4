import { test } from "vitest";
import { expectGoodStorm } from "../support/storm.ts";

// A shorter run of `npm run storm` with the same number of faults per second.

test("40 clients get every response while backends are killed, frozen and fail in the middle of a result", async () => {
  await expectGoodStorm("--seconds", "10", "--seed", "4");
}, 240_000);

test("watchers at two servers receive every change while backends are killed and a server is restarted", async () => {
  await expectGoodStorm("--scenario", "watchers", "--single", "--seconds", "2");
}, 240_000);
