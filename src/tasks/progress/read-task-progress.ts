import { LRUCache } from "lru-cache";
import { Failure } from "../../errors.ts";
import type { JobFilter } from "../../job-search/job-filter.ts";
import { filterDigest } from "../../paging/filter.ts";
import { type Deadline, deadlineIn, msLeft, waitFor } from "../../values/deadline.ts";
import { createFairSlots } from "../../values/fair-slots.ts";
import type { TaskProgressQueries } from "./task-progress.queries.ts";
import { progressOfGroups, type TaskProgress } from "./task-progress.ts";

/** The age up to which a result is shared. */
const MAX_AGE_MS = 1000;
/**
 * The same for a result that came too late for its request. Without it, a caller that polls a large task less than once a
 * second would never receive a result.
 */
const MAX_LATE_AGE_MS = 60_000;
/** Limits the cache to 2 MB: a key has at most 90 characters, and a result is about 20 numbers. */
const MAX_CACHED = 1000;

/** The longest queues of counts: of one user, and of all users. */
const MAX_WAITING = 50;
const MAX_WAITING_IN_ALL = 500;

interface ProgressRequest {
  readonly taskIds: readonly string[];
  readonly filter: JobFilter;
  readonly withEmails: boolean;
  readonly deadline: Deadline;
  readonly userId: string;
  /** A count that began before this time, in `performance.now()`, is too old. */
  readonly readAfter?: number | undefined;
}

export type ReadTaskProgress = ReturnType<typeof createTaskProgressReader>;

/** One statement, which counts one or more tasks. Its deadline identifies it among the shared reads, and is null until it starts. */
interface Count {
  deadline: Deadline | null;
}

interface CachedProgress {
  readonly progress: Promise<TaskProgress>;
  readonly count: Count;
  readonly startedAt: number;
  freshUntil: number;
  /** Whether a request timed out while it waited for this count. */
  isLate: boolean;
  /** How long this result is returned while the next count runs. Only late results are. */
  usableUntil: number;
}

function newEntry(progress: Promise<TaskProgress>, count: Count): CachedProgress {
  const startedAt = performance.now();
  return { progress, count, startedAt, freshUntil: Number.POSITIVE_INFINITY, isLate: false, usableUntil: 0 };
}

/**
 * Shares the progress of tasks among all callers: each task is counted at most once per second, and never twice at once. A
 * caller that times out does not cancel the count for the others. The caller has already checked access to the tasks.
 */
export function createTaskProgressReader(queries: TaskProgressQueries, connections = 2) {
  const { shared } = queries;
  const cache = new LRUCache<string, CachedProgress>({ max: MAX_CACHED });
  const slots = createFairSlots({
    slots: connections,
    perHolder: () => 1,
    maxWaiting: MAX_WAITING,
    maxWaitingInAll: MAX_WAITING_IN_ALL,
  });

  /** A count may outlast its request but never starts after it. Each user runs one count at a time. */
  async function countJobs(taskIds: readonly string[], count: Count, request: ProgressRequest) {
    const { filter, withEmails, deadline, userId } = request;
    const queued = slots.take(userId, msLeft(deadline));
    if (queued !== undefined) await queued.granted;
    try {
      count.deadline = shared?.begin(deadline, queries.timeoutMs) ?? deadlineIn(queries.timeoutMs);
      return await queries.findProgressGroups({ taskIds, filter, withEmails }, count.deadline);
    } finally {
      slots.free(userId);
    }
  }

  /** Whether the count contains everything that the request requires, such as what its consistency tokens name. */
  function isFreshEnough({ deadline, readAfter }: ProgressRequest, { count, startedAt }: CachedProgress): boolean {
    if (readAfter !== undefined && startedAt < readAfter) return false;
    return shared === undefined || shared.isFreshEnough(deadline, count.deadline);
  }

  function freshProgress(key: string, request: ProgressRequest): CachedProgress | undefined {
    const entry = cache.get(key);
    return entry !== undefined && entry.freshUntil > performance.now() && isFreshEnough(request, entry)
      ? entry
      : undefined;
  }

  /** Caches a new count and returns it, or returns a late result that is still usable. */
  function cacheProgress(key: string, entry: CachedProgress, request: ProgressRequest): CachedProgress {
    const startedAt = performance.now();
    const previous = cache.get(key);
    const isBefore = previous !== undefined && previous.startedAt < (request.readAfter ?? 0);
    const isUseful =
      previous !== undefined && Math.max(isBefore ? 0 : previous.freshUntil, previous.usableUntil) > startedAt;
    // Other callers keep the previous result until a count for a consistency token has ended.
    const isTooOld = isUseful && !isFreshEnough(request, previous);
    const usable = isUseful && !isTooOld && previous.usableUntil > startedAt ? previous : null;
    entry.progress.then(
      () => {
        const tookMs = performance.now() - startedAt;
        // The result of a slow count is already old, so wait as long as the count took before the next one starts.
        entry.freshUntil = startedAt + Math.max(MAX_AGE_MS, 2 * tookMs);
        const isLate = entry.isLate || (usable !== null && tookMs > MAX_AGE_MS);
        if (isLate) entry.usableUntil = startedAt + MAX_LATE_AGE_MS;
        if (usable !== null || isTooOld) cache.set(key, entry);
      },
      (error) => {
        // A connection error is quick and may clear at once, so allow an immediate retry. Back off only after a timeout.
        const isTooSlow = error instanceof Failure && error.kind === "TIMEOUT";
        (usable ?? entry).freshUntil = isTooSlow ? performance.now() + MAX_AGE_MS : 0;
      },
    );
    if (usable !== null) usable.freshUntil = Number.POSITIVE_INFINITY;
    else if (!isTooOld) cache.set(key, entry);
    return usable ?? entry;
  }

  async function progressOf(request: ProgressRequest): Promise<TaskProgress[]> {
    const { taskIds, filter, withEmails } = request;
    const keyEnd = `${withEmails} ${filterDigest(filter)}`;
    const keyOf = (taskId: string) => `${taskId} ${keyEnd}`;
    // Read all cached results first, because adding a new one may remove the oldest.
    const cached = taskIds.map((taskId) => freshProgress(keyOf(taskId), request));
    const missing = taskIds.filter((_, index) => cached[index] === undefined);
    const count: Count = { deadline: null };
    const groups = missing.length === 0 ? Promise.resolve([]) : countJobs(missing, count, request);
    const used = taskIds.map((taskId, index) => {
      const ofTask = () => groups.then((found) => progressOfGroups(found.filter((group) => group.taskId === taskId)));
      return cached[index] ?? cacheProgress(keyOf(taskId), newEntry(ofTask(), count), request);
    });
    try {
      const found = await waitFor(Promise.all(used.map(({ progress }) => progress)), { ms: msLeft(request.deadline) });
      for (const entry of used)
        if (entry.count.deadline !== null) shared?.addTo(request.deadline, entry.count.deadline);
      return found;
    } catch (error) {
      if (error instanceof Failure && error.kind === "TIMEOUT") for (const entry of used) entry.isLate = true;
      throw error;
    }
  }

  /** Returns the results in the order of the ids. A request waits for one count at a time, like for its other statements. */
  return async (request: ProgressRequest): Promise<TaskProgress[]> => {
    const ownStatements = request.deadline.enter();
    if (ownStatements !== undefined) await ownStatements;
    try {
      return await progressOf(request);
    } finally {
      request.deadline.leave();
    }
  };
}
