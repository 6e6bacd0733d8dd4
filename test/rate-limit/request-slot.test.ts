import { expect, test } from "vitest";
import { RequestSlot } from "../../src/rate-limit/concurrency.ts";
import { deadlineIn } from "../../src/values/deadline.ts";
import { createFairSlots } from "../../src/values/fair-slots.ts";

test("a request that ends while its slot is granted gives the slot back", async () => {
  const slots = createFairSlots({ slots: 1, perHolder: () => 1, maxWaiting: 10, maxWaitingInAll: 10 });
  const [first, second] = [new RequestSlot(slots), new RequestSlot(slots)];
  const [firstDeadline, secondDeadline] = [deadlineIn(1000), deadlineIn(1000)];
  await first.take("user", firstDeadline);
  const waiting = second.take("user", secondDeadline);
  first.end(firstDeadline);
  second.end(secondDeadline);
  await expect(waiting).rejects.toThrow();
  expect(slots.running()).toBe(0);
});
