import { expect, test } from "vitest";
import { createLog } from "../../src/log.ts";
import { openRateLimiter } from "../../src/rate-limit/limiter.ts";

test("the memory store keeps every credential and the 100,000 most recent addresses", async () => {
  const config = { points: 10, windowSeconds: 3600, store: "memory" } as const;
  const limiter = openRateLimiter(config, { databaseUrl: null, preparedStatements: true }, createLog("silent"));
  const left = async (bucket: string) => (await limiter.take(bucket, 1))?.remaining;
  await left("key:x");
  await left("address:unseen");
  await left("address:seen");
  for (let n = 0; n < 99_998; n += 1) await left(`address:${n}`);
  expect(await left("address:seen")).toBe(8);
  await left("address:one-more");
  expect([await left("address:seen"), await left("key:x"), await left("address:unseen")]).toEqual([7, 8, 9]);
});
