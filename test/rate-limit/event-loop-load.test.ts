import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { createLoadMeter } from "../../src/rate-limit/event-loop-load.ts";

test("an event loop that works without a pause counts as busy, and one that waits does not", async () => {
  const isBusy = createLoadMeter();
  // The first call ends the sample in which this file was loaded.
  await delay(100);
  isBusy();
  const busyUntil = performance.now() + 200;
  while (performance.now() < busyUntil) {
    // Only work keeps an event loop busy.
  }
  await delay(0);
  expect(isBusy()).toBe(true);
  await delay(300);
  expect(isBusy()).toBe(false);
});
