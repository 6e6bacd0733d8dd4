import { setTimeout as sleep } from "node:timers/promises";
import DataLoader from "dataloader";
import { expect, test } from "vitest";
import { createBatchSchedule } from "../../src/auth/batch-schedule.ts";

/** A loader whose batches end when the test says so. */
function createLoader() {
  const batches: { keys: readonly string[]; end: () => void }[] = [];
  const schedule = createBatchSchedule();
  const loader = new DataLoader<string, string>(
    (keys) =>
      schedule.run(async () => {
        await new Promise<void>((end) => batches.push({ keys, end }));
        return keys;
      }),
    { cache: false, batchScheduleFn: schedule.next },
  );
  return { loader, batches };
}

const nextTurn = () => new Promise(setImmediate);

test("loads that arrive while a batch runs share the next batch, which begins when that one ends", async () => {
  const { loader, batches } = createLoader();
  const first = loader.load("a");
  await nextTurn();
  const more = loader.load("b");
  await nextTurn();
  const last = loader.load("c");
  expect(batches.map(({ keys }) => keys)).toEqual([["a"]]);
  batches[0]?.end();
  await first;
  await nextTurn();
  expect(batches.map(({ keys }) => keys)).toEqual([["a"], ["b", "c"]]);
  batches[1]?.end();
  expect(await Promise.all([more, last])).toEqual(["b", "c"]);
});

test("a batch that hangs delays the next one only briefly", async () => {
  const { loader, batches } = createLoader();
  void loader.load("hangs");
  await nextTurn();
  const next = loader.load("next");
  await sleep(50);
  expect(batches.map(({ keys }) => keys)).toEqual([["hangs"], ["next"]]);
  batches[1]?.end();
  expect(await next).toBe("next");
});
