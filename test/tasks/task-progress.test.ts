import { randomUUID } from "node:crypto";
import { afterEach, expect, test, vi } from "vitest";
import { Failure } from "../../src/errors.ts";
import { createTaskProgressReader } from "../../src/tasks/progress/read-task-progress.ts";
import { type ProgressGroup, percentDone, progressOfGroups } from "../../src/tasks/progress/task-progress.ts";
import { deadlineIn } from "../../src/values/deadline.ts";

const group = (taskId: string): ProgressGroup => ({
  taskId,
  status: "completed",
  emailStatus: null,
  jobs: 1,
  roleBased: 0,
  disposable: 0,
  lastUpdatedAt: "2025-01-01 00:00:00+00",
});

afterEach(() => vi.useRealTimers());

/** Aggregates that end when the test says so. */
function open() {
  const asked: { ids: readonly string[]; answer: () => void; fail: (error: Error) => void }[] = [];
  const read = createTaskProgressReader({
    findProgressGroups: (ids) =>
      new Promise((resolve, reject) => {
        asked.push({ ids, answer: () => resolve(ids.map(group)), fail: reject });
      }),
  });
  const ask = (taskIds: readonly string[], ms = 1000, userId: string = randomUUID()) =>
    read({ taskIds, filter: {}, withEmails: false, deadline: deadlineIn(ms), userId });
  return { ask, asked };
}

test("whole percent are rounded down exactly, for every pair up to 1,000", () => {
  const none = progressOfGroups([]);
  for (let total = 1; total <= 1000; total++) {
    for (let completed = 0; completed <= total; completed++) {
      const percent = percentDone({ ...none, total, completed });
      if (percent * total > completed * 100 || (percent + 1) * total <= completed * 100) {
        expect.fail(`${completed} of ${total} is not ${percent}`);
      }
    }
  }
});

test("what a call still needs is not lost to what it adds", async () => {
  const { ask, asked } = open();
  const ids = Array.from({ length: 1099 }, (_, n) => `task ${n}`);
  const first = ask(ids.slice(0, 1000));
  asked[0]?.answer();
  await first;
  const mixed = ask([...ids.slice(0, 1), ...ids.slice(1000)]);
  expect(asked[1]?.ids).toHaveLength(99);
  asked[1]?.answer();
  expect((await mixed).map(({ total }) => total)).toEqual(Array(100).fill(1));
});

test("each asker has its own time, and who gives up ends nothing", async () => {
  const { ask, asked } = open();
  const hasty = ask(["a"], 10);
  await expect(hasty).rejects.toMatchObject({ kind: "TIMEOUT" });
  const patient = ask(["a"]);
  asked[0]?.answer();
  expect((await patient)[0]?.total).toBe(1);
  expect(asked).toHaveLength(1);
});

test("an aggregate that took too long is not begun again at once, one that found no database is", async () => {
  const { ask, asked } = open();
  const slow = ask(["a"]);
  asked[0]?.fail(new Failure("TIMEOUT"));
  await expect(slow).rejects.toMatchObject({ kind: "TIMEOUT" });
  await expect(ask(["a"])).rejects.toMatchObject({ kind: "TIMEOUT" });
  expect(asked).toHaveLength(1);

  const lost = ask(["b"]);
  asked[1]?.fail(new Failure("UNAVAILABLE"));
  await expect(lost).rejects.toMatchObject({ kind: "UNAVAILABLE" });
  const again = ask(["b"]);
  asked[2]?.answer();
  expect((await again)[0]?.total).toBe(1);
});

test("an answer's age counts from the beginning of its aggregate", async () => {
  const { ask, asked } = open();
  const first = ask(["a"], 5000);
  await new Promise((resolve) => setTimeout(resolve, 300));
  asked[0]?.answer();
  await first;
  await new Promise((resolve) => setTimeout(resolve, 710));
  const second = ask(["a"]);
  expect(asked).toHaveLength(2);
  asked[1]?.answer();
  await second;
});

test("a count that came too late for its asker is answered while the next goes on, and for a minute at the most", async () => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
  const { ask, asked } = open();
  const first = expect(ask(["a"], 1900)).rejects.toMatchObject({ kind: "TIMEOUT" });
  await vi.advanceTimersByTimeAsync(3000);
  await first;
  asked[0]?.answer();
  await vi.advanceTimersByTimeAsync(10_000);
  expect((await ask(["a"]))[0]?.total).toBe(1);
  expect(asked).toHaveLength(2);

  await vi.advanceTimersByTimeAsync(10_000);
  expect((await ask(["a"]))[0]?.total).toBe(1);
  asked[1]?.fail(new Failure("TIMEOUT"));
  await vi.advanceTimersByTimeAsync(2000);
  expect((await ask(["a"]))[0]?.total).toBe(1);
  await vi.advanceTimersByTimeAsync(3000);
  asked[2]?.answer();
  await vi.advanceTimersByTimeAsync(50_000);
  expect((await ask(["a"]))[0]?.total).toBe(1);
  expect(asked).toHaveLength(4);
  asked[3]?.answer();

  await vi.advanceTimersByTimeAsync(61_000);
  const late = expect(ask(["a"], 1900)).rejects.toMatchObject({ kind: "TIMEOUT" });
  await vi.advanceTimersByTimeAsync(1900);
  await late;
});
