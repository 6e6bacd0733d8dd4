import { LRUCache } from "lru-cache";
import { Failure } from "../../errors.ts";
import type { JobFilter } from "../../job-search/job-filter.ts";
import { filterDigest } from "../../paging/filter.ts";
import { createFairSlots } from "../../rate-limit/fair-slots.ts";
import { type Deadline, msLeft, waitFor } from "../../values/deadline.ts";
import type { TaskProgressQueries } from "./task-progress.queries.ts";
import { progressOfGroups, type TaskProgress } from "./task-progress.ts";

/** How old an answer may be that others asked for as well. */
const MAX_AGE_MS = 1000;
/** The same where counting takes longer than a request may: without it whoever asks every ten seconds never hears anything. */
const MAX_LATE_AGE_MS = 60_000;
/** Limits the cache to 2 MB: a key has at most 90 characters, and a result is some 20 numbers. */
const MAX_KEPT = 1000;

/** The longest queues of counts: of one user, and of all users. */
const MAX_WAITING = 50;
const MAX_WAITING_IN_ALL = 500;

interface AskedProgress {
  readonly taskIds: readonly string[];
  readonly filter: JobFilter;
  readonly withEmails: boolean;
  readonly deadline: Deadline;
  readonly userId: string;
}

export type ReadTaskProgress = ReturnType<typeof createTaskProgressReader>;

interface Kept {
  readonly progress: Promise<TaskProgress>;
  freshUntil: number;
  /** Somebody gave up waiting for it. */
  isLate: boolean;
  /** While the next is counted it is answered for so long; only of late ones. */
  standsUntil: number;
}

/**
 * The progress of tasks, shared by all who poll them: one aggregate of a task a second at the most, however many ask, and
 * one at a time, whose time is its own: who gives up ends it for nobody. Whether the caller may see the tasks must have been
 * checked.
 */
export function createTaskProgressReader(queries: TaskProgressQueries, connections = 2) {
  const kept = new LRUCache<string, Kept>({ max: MAX_KEPT });
  const slots = createFairSlots({
    slots: connections,
    perHolder: () => 1,
    maxWaiting: MAX_WAITING,
    maxWaitingInAll: MAX_WAITING_IN_ALL,
  });

  /** A count may outlast its request but never starts after it. Each user runs one count at a time. */
  async function count(missing: readonly string[], { filter, withEmails, deadline, userId }: AskedProgress) {
    const queued = slots.take(userId, msLeft(deadline));
    if (queued !== undefined) await queued.granted;
    try {
      return await queries.findProgressGroups(missing, filter, withEmails);
    } finally {
      slots.free(userId);
    }
  }

  function fresh(key: string): Promise<TaskProgress> | undefined {
    const entry = kept.get(key);
    return entry !== undefined && entry.freshUntil > performance.now() ? entry.progress : undefined;
  }

  /** What to answer: the count that is under way, or its late predecessor. */
  function keep(key: string, progress: Promise<TaskProgress>): Promise<TaskProgress> {
    const entry: Kept = { progress, freshUntil: Number.POSITIVE_INFINITY, isLate: false, standsUntil: 0 };
    const startedAt = performance.now();
    const last = kept.get(key);
    const standing = last !== undefined && last.standsUntil > startedAt ? last : null;
    progress.then(
      () => {
        const tookMs = performance.now() - startedAt;
        // A count that took longer would be old when it ends: it is not begun again for as long as it took.
        entry.freshUntil = startedAt + Math.max(MAX_AGE_MS, 2 * tookMs);
        const isLate = entry.isLate || (standing !== null && tookMs > MAX_AGE_MS);
        if (isLate) entry.standsUntil = startedAt + MAX_LATE_AGE_MS;
        if (standing !== null) kept.set(key, entry);
      },
      (error) => {
        // A database that was not reached lost no time over it, and may be back at once.
        const isTooSlow = error instanceof Failure && error.kind === "TIMEOUT";
        (standing ?? entry).freshUntil = isTooSlow ? performance.now() + MAX_AGE_MS : 0;
      },
    );
    if (standing === null) kept.set(key, entry);
    else standing.freshUntil = Number.POSITIVE_INFINITY;
    return standing?.progress ?? progress;
  }

  function markLate(keys: readonly string[]): void {
    for (const key of keys) {
      const entry = kept.get(key);
      if (entry !== undefined) entry.isLate = true;
    }
  }

  function progressOf(asked: AskedProgress): Promise<TaskProgress[]> {
    const { taskIds, filter, withEmails } = asked;
    const counted = `${withEmails} ${filterDigest(filter)}`;
    const keyOf = (taskId: string) => `${taskId} ${counted}`;
    // All of them before anything new is kept, which lets go of the oldest.
    const known = taskIds.map((taskId) => fresh(keyOf(taskId)));
    const missing = taskIds.filter((_, index) => known[index] === undefined);
    const groups = missing.length === 0 ? Promise.resolve([]) : count(missing, asked);
    const all = taskIds.map(
      (taskId, index) =>
        known[index] ??
        keep(
          keyOf(taskId),
          groups.then((found) => progressOfGroups(found.filter((group) => group.taskId === taskId))),
        ),
    );
    return waitFor(Promise.all(all), { ms: msLeft(asked.deadline) }).catch((error) => {
      if (error instanceof Failure && error.kind === "TIMEOUT") markLate(taskIds.map(keyOf));
      throw error;
    });
  }

  /** Returns the results in the order of the ids. A request waits for one count at a time, like for its other statements. */
  return async (asked: AskedProgress): Promise<TaskProgress[]> => {
    const ownStatements = asked.deadline.enter();
    if (ownStatements !== undefined) await ownStatements;
    try {
      return await progressOf(asked);
    } finally {
      asked.deadline.leave();
    }
  };
}
