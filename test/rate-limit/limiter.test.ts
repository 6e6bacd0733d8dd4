import { afterEach, expect, test, vi } from "vitest";
import { createLog } from "../../src/log.ts";
import { openRateLimiter } from "../../src/rate-limit/limiter.ts";

afterEach(() => vi.useRealTimers());

test("the memory store keeps every credential and the 100,000 most recent addresses, and is then as fast as before", async () => {
  const config = { points: 10, windowSeconds: 3600, store: "memory" } as const;
  const limiter = openRateLimiter(config, { databaseUrl: null, preparedStatements: true }, createLog("silent"));
  const left = async (bucket: string) => (await limiter.take(bucket, 1))?.remaining;
  await left("key:x");
  await left("address:unseen");
  await left("address:seen");
  const emptyMs = await msToAdd(0, 20_000);
  await addAddresses(20_000, 99_998);
  expect(await left("address:seen")).toBe(8);
  await left("address:one-more");
  expect([await left("address:seen"), await left("key:x"), await left("address:unseen")]).toEqual([7, 8, 9]);

  // A set whose first entries were deleted takes longer to find its first entry.
  await addAddresses(100_000, 200_000);
  expect(await msToAdd(200_000, 220_000)).toBeLessThan(15 * emptyMs);

  /** The time of the fastest of ten parts, because other programs may interrupt the others. */
  async function msToAdd(from: number, to: number): Promise<number> {
    const part = (to - from) / 10;
    const times: number[] = [];
    for (let n = from; n < to; n += part) {
      const startedAt = performance.now();
      await addAddresses(n, n + part);
      times.push(performance.now() - startedAt);
    }
    return Math.min(...times);
  }

  async function addAddresses(from: number, to: number): Promise<void> {
    for (let n = from; n < to; n += 1) await left(`address:${n}`);
  }
});

test("after the clock is set back, a credential is refused for at most a window", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const config = { points: 1, windowSeconds: 60, store: "memory" } as const;
  const limiter = openRateLimiter(config, { databaseUrl: null, preparedStatements: true }, createLog("silent"));
  await limiter.take("key:x", 1);
  vi.setSystemTime(Date.now() - 36_000_000);
  expect(await limiter.take("key:x", 1)).toEqual({ admitted: false, remaining: 0, resetMs: 60_000 });
});
