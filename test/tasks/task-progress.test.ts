import { randomUUID } from "node:crypto";
import { afterEach, expect, test, vi } from "vitest";
import type { SharedReads } from "../../src/db/reads/reads.ts";
import { Failure } from "../../src/errors.ts";
import { createTaskProgressReader } from "../../src/tasks/progress/read-task-progress.ts";
import { percentDone, progressOfGroups, type TaskProgressGroup } from "../../src/tasks/progress/task-progress.ts";
import { type Deadline, deadlineIn } from "../../src/values/deadline.ts";

const group = (taskId: string): TaskProgressGroup => ({
  taskId,
  status: "completed",
  emailStatus: null,
  jobs: 1,
  roleBased: 0,
  disposable: 0,
  lastUpdatedAt: "2025-01-01 00:00:00+00",
});

afterEach(() => vi.useRealTimers());

/** Creates a reader whose counts end when the test calls `resolve` or `fail`. */
function createReader(shared?: SharedReads) {
  const counts: { ids: readonly string[]; resolve: () => void; fail: (error: Error) => void }[] = [];
  const read = createTaskProgressReader({
    timeoutMs: 10_000,
    shared,
    findProgressGroups: ({ taskIds: ids }) =>
      new Promise((resolve, reject) => {
        counts.push({ ids, resolve: () => resolve(ids.map(group)), fail: reject });
      }),
  });
  const poll = (taskIds: readonly string[], ms = 1000, userId: string = randomUUID()) =>
    read({ taskIds, filter: {}, withEmails: false, deadline: deadlineIn(ms), userId });
  return { poll, read, counts };
}

test("percentages are rounded down exactly for up to 1,000 jobs", () => {
  const none = progressOfGroups([]);
  const wrong: string[] = [];
  for (let total = 1; total <= 1000; total++) {
    for (let completed = 0; completed <= total; completed++) {
      const percent = percentDone({ ...none, total, completed });
      if (percent * total > completed * 100 || (percent + 1) * total <= completed * 100) {
        wrong.push(`${completed} of ${total} jobs are not ${percent} %`);
      }
    }
  }
  expect(wrong).toEqual([]);
});

test("a call uses its cached results even if its new results push them out of the cache", async () => {
  const { poll, counts } = createReader();
  const ids = Array.from({ length: 1099 }, (_, n) => `task ${n}`);
  const first = poll(ids.slice(0, 1000));
  counts[0]?.resolve();
  await first;
  const mixed = poll([...ids.slice(0, 1), ...ids.slice(1000)]);
  expect(counts[1]?.ids).toHaveLength(99);
  counts[1]?.resolve();
  expect((await mixed).map(({ total }) => total)).toEqual(Array(100).fill(1));
});

test("a caller that times out does not cancel the count for other callers", async () => {
  const { poll, counts } = createReader();
  const impatient = poll(["a"], 10);
  await expect(impatient).rejects.toMatchObject({ kind: "TIMEOUT" });
  const patient = poll(["a"]);
  counts[0]?.resolve();
  expect((await patient)[0]?.total).toBe(1);
  expect(counts).toHaveLength(1);
});

test("a count is repeated immediately after a connection error, but not after a timeout", async () => {
  const { poll, counts } = createReader();
  const slow = poll(["a"]);
  counts[0]?.fail(new Failure("TIMEOUT"));
  await expect(slow).rejects.toMatchObject({ kind: "TIMEOUT" });
  await expect(poll(["a"])).rejects.toMatchObject({ kind: "TIMEOUT" });
  expect(counts).toHaveLength(1);

  const lost = poll(["b"]);
  counts[1]?.fail(new Failure("UNAVAILABLE"));
  await expect(lost).rejects.toMatchObject({ kind: "UNAVAILABLE" });
  const again = poll(["b"]);
  counts[2]?.resolve();
  expect((await again)[0]?.total).toBe(1);
});

test("a caller whose token is newer than a running count gets another one, and the others keep theirs", async () => {
  const newer = deadlineIn(1000);
  const fresh = new Set<Deadline>();
  const shared = {
    begin: (request: Deadline, ms: number) => {
      const count = deadlineIn(ms);
      if (request === newer) fresh.add(count);
      return count;
    },
    isFreshEnough: (request: Deadline, count: Deadline | null) =>
      request !== newer || (count !== null && fresh.has(count)),
    addTo: vi.fn(),
  };
  const { poll, read, counts } = createReader(shared);
  const older = poll(["a"]);
  const withToken = read({ taskIds: ["a"], filter: {}, withEmails: false, deadline: newer, userId: randomUUID() });
  const another = poll(["a"]);
  expect(counts).toHaveLength(2);
  counts[0]?.resolve();
  await Promise.all([older, another]);
  expect(shared.addTo).toHaveBeenCalledTimes(2);
  counts[1]?.resolve();
  await withToken;
  expect(shared.addTo).toHaveBeenLastCalledWith(newer, [...fresh][0]);
  // The newer result is cached for all.
  await poll(["a"]);
  expect(counts).toHaveLength(2);
  expect(shared.addTo).toHaveBeenLastCalledWith(expect.anything(), [...fresh][0]);
});

test("callers share a count that waits in the queue, also with replicas", async () => {
  const { poll, counts } = createReader({
    begin: (_, ms) => deadlineIn(ms),
    isFreshEnough: () => true,
    addTo: () => {},
  });
  const others = [poll(["a"]), poll(["b"])];
  const waiting = [poll(["c"]), poll(["c"])];
  for (const count of counts) count.resolve();
  await Promise.all(others);
  await vi.waitFor(() => expect(counts).toHaveLength(3));
  counts[2]?.resolve();
  await Promise.all(waiting);
  expect(counts).toHaveLength(3);
});

test("the age of a result starts when its count starts", async () => {
  const { poll, counts } = createReader();
  const first = poll(["a"], 5000);
  await new Promise((resolve) => setTimeout(resolve, 300));
  counts[0]?.resolve();
  await first;
  await new Promise((resolve) => setTimeout(resolve, 710));
  const second = poll(["a"]);
  expect(counts).toHaveLength(2);
  counts[1]?.resolve();
  await second;
});

test("a result that came too late for its caller is returned for up to a minute while the next count runs", async () => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
  const { poll, counts } = createReader();
  const first = expect(poll(["a"], 1900)).rejects.toMatchObject({ kind: "TIMEOUT" });
  await vi.advanceTimersByTimeAsync(3000);
  await first;
  counts[0]?.resolve();
  await vi.advanceTimersByTimeAsync(10_000);
  expect((await poll(["a"]))[0]?.total).toBe(1);
  expect(counts).toHaveLength(2);

  await vi.advanceTimersByTimeAsync(10_000);
  expect((await poll(["a"]))[0]?.total).toBe(1);
  counts[1]?.fail(new Failure("TIMEOUT"));
  await vi.advanceTimersByTimeAsync(2000);
  expect((await poll(["a"]))[0]?.total).toBe(1);
  await vi.advanceTimersByTimeAsync(3000);
  counts[2]?.resolve();
  await vi.advanceTimersByTimeAsync(50_000);
  expect((await poll(["a"]))[0]?.total).toBe(1);
  expect(counts).toHaveLength(4);
  counts[3]?.resolve();

  await vi.advanceTimersByTimeAsync(61_000);
  const late = expect(poll(["a"], 1900)).rejects.toMatchObject({ kind: "TIMEOUT" });
  await vi.advanceTimersByTimeAsync(1900);
  await late;
});
