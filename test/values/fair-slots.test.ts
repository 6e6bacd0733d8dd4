import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Failure } from "../../src/errors.ts";
import { createFairSlots } from "../../src/values/fair-slots.ts";

const UNAVAILABLE = new Failure("UNAVAILABLE");
const open = (options: Partial<Parameters<typeof createFairSlots>[0]> = {}) =>
  createFairSlots({ slots: 1, perHolder: () => 1, maxWaiting: 10, maxWaitingInAll: 10, ...options });

test("the queues of several holders are served in rotation", async () => {
  const slots = open();
  const served: string[] = [];
  slots.take("first", 1000);
  const all = ["a", "a", "a", "b", "b"].map(async (name) => {
    await slots.take(name, 1000)?.granted;
    served.push(name);
    slots.free(name);
  });
  slots.free("first");
  await Promise.all(all);
  expect(served).toEqual(["a", "b", "a", "b", "a"]);
});

test("a holder has at most its share of the slots, and the rest is free for other holders", () => {
  const slots = open({ slots: 3, perHolder: () => 2 });
  expect([slots.take("a", 1000), slots.take("a", 1000)]).toEqual([undefined, undefined]);
  const waiting = slots.take("a", 1000);
  expect(waiting).toBeDefined();
  waiting?.granted.catch(() => {});
  expect(slots.take("b", 1000)).toBeUndefined();
  expect([slots.running(), slots.waiting()]).toEqual([3, 1]);
  waiting?.cancel();
});

test("a cancelled entry fails as UNAVAILABLE and frees its place in a full queue", async () => {
  const slots = open({ maxWaiting: 1 });
  slots.take("a", 1000);
  const first = slots.take("a", 1000);
  expect(() => slots.take("a", 1000)).toThrow(UNAVAILABLE);
  const failed = expect(first?.granted).rejects.toEqual(UNAVAILABLE);
  first?.cancel();
  await failed;
  const second = slots.take("a", 1000);
  slots.free("a");
  await second?.granted;
});

test("an entry fails as UNAVAILABLE when its time has passed", async () => {
  const slots = open();
  slots.take("a", 1000);
  await expect(slots.take("a", 20)?.granted).rejects.toEqual(UNAVAILABLE);
  expect(slots.waiting()).toBe(0);
});

test("a request that would wait longer than its time, by the speed of its queue, is refused at once", async () => {
  const slots = open({ maxWaiting: 100, maxWaitingInAll: 100 });
  slots.take("a", 10_000);
  const queued = Array.from({ length: 40 }, () => slots.take("a", 10_000));
  // 30 requests take 10 ms each, so that ten waiting requests take about 100 ms.
  for (const entry of queued.slice(0, 30)) {
    await sleep(10);
    slots.free("a");
    await entry?.granted;
  }
  expect(() => slots.take("a", 20)).toThrow(UNAVAILABLE);
  const patient = slots.take("a", 10_000);
  expect(patient).toBeDefined();
  for (const entry of [...queued.slice(30), patient]) {
    slots.free("a");
    await entry?.granted;
  }
});
