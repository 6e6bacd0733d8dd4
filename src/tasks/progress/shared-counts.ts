import { LRUCache } from "lru-cache";
import type { SharedReads } from "../../db/reads/reads.ts";
import { Failure } from "../../errors.ts";
import { type Deadline, deadlineIn, msLeft, waitFor } from "../../values/deadline.ts";
import { createFairSlots } from "../../values/fair-slots.ts";

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

interface CountRequest<Counted> {
  readonly ids: readonly string[];
  readonly counted: Counted;
  readonly deadline: Deadline;
  readonly userId: string;
  /** A count that began before this time, in `performance.now()`, is too old. */
  readonly readAfter?: number | undefined;
}

interface Counter<Counted, Result> {
  /** May be longer than the time of a request. */
  readonly timeoutMs: number;
  readonly shared: SharedReads | undefined;
  /** The cache key of what is counted, besides the id. */
  readonly keyOf: (counted: Counted) => string;
  /** Counts for all these ids by one statement, and returns the result of each. */
  readonly count: (ids: readonly string[], counted: Counted, deadline: Deadline) => Promise<(id: string) => Result>;
}

/** One statement, which counts for one or more ids. Its deadline identifies it among the shared reads, and is null until it starts. */
interface Count {
  deadline: Deadline | null;
}

interface CachedResult<Result> {
  readonly result: Promise<Result>;
  readonly count: Count;
  readonly startedAt: number;
  freshUntil: number;
  /** Whether a request timed out while it waited for this count. */
  isLate: boolean;
  /** Until this time, a late result is returned while the next count runs. Zero for a result that is not late. */
  usableUntil: number;
}

function newEntry<Result>(result: Promise<Result>, count: Count): CachedResult<Result> {
  const startedAt = performance.now();
  return { result, count, startedAt, freshUntil: Number.POSITIVE_INFINITY, isLate: false, usableUntil: 0 };
}

/**
 * Shares counts among all callers, whose access was checked before: the same is counted at most once per second, and never
 * twice at once. A caller that times out does not cancel the count for the others.
 */
export function createSharedCounts<Counted, Result extends object>(
  { timeoutMs, shared, keyOf, count: runCount }: Counter<Counted, Result>,
  connections = 2,
) {
  const cache = new LRUCache<string, CachedResult<Result>>({ max: MAX_CACHED });
  const slots = createFairSlots({
    slots: connections,
    perHolder: () => 1,
    maxWaiting: MAX_WAITING,
    maxWaitingInAll: MAX_WAITING_IN_ALL,
  });

  /** A count may outlast its request but never starts after it. Each user runs one count at a time. */
  async function countMissing(ids: readonly string[], count: Count, request: CountRequest<Counted>) {
    const { counted, deadline, userId } = request;
    const queued = slots.take(userId, msLeft(deadline));
    if (queued !== undefined) await queued.granted;
    try {
      count.deadline = shared?.begin(deadline, timeoutMs) ?? deadlineIn(timeoutMs);
      return await runCount(ids, counted, count.deadline);
    } finally {
      slots.free(userId);
    }
  }

  /** Whether the count contains everything that the request requires, such as what its consistency tokens name. */
  function isFreshEnough(
    { deadline, readAfter }: CountRequest<Counted>,
    { count, startedAt }: CachedResult<Result>,
  ): boolean {
    if (readAfter !== undefined && startedAt < readAfter) return false;
    return shared === undefined || shared.isFreshEnough(deadline, count.deadline);
  }

  function freshResult(key: string, request: CountRequest<Counted>): CachedResult<Result> | undefined {
    const entry = cache.get(key);
    return entry !== undefined && entry.freshUntil > performance.now() && isFreshEnough(request, entry)
      ? entry
      : undefined;
  }

  /** Caches a new count and returns it, or returns a late result that is still usable. */
  function cacheResult(key: string, entry: CachedResult<Result>, request: CountRequest<Counted>): CachedResult<Result> {
    const startedAt = performance.now();
    const previous = cache.get(key);
    const isBefore = previous !== undefined && previous.startedAt < (request.readAfter ?? 0);
    const isUseful =
      previous !== undefined && Math.max(isBefore ? 0 : previous.freshUntil, previous.usableUntil) > startedAt;
    // Other callers keep the previous result until a count for a consistency token has ended.
    const isTooOld = isUseful && !isFreshEnough(request, previous);
    const usable = isUseful && !isTooOld && previous.usableUntil > startedAt ? previous : null;
    entry.result.then(
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

  async function resultsOf(request: CountRequest<Counted>): Promise<Result[]> {
    const { ids, counted } = request;
    const keyEnd = keyOf(counted);
    const keyOfId = (id: string) => `${id} ${keyEnd}`;
    // Read all cached results first, because adding a new one may remove the oldest.
    const cached = ids.map((id) => freshResult(keyOfId(id), request));
    const missing = ids.filter((_, index) => cached[index] === undefined);
    const count: Count = { deadline: null };
    let started: Promise<(id: string) => Result> | undefined;
    const countOf = async (id: string) => {
      started ??= countMissing(missing, count, request);
      return (await started)(id);
    };
    const used = ids.map(
      (id, index) => cached[index] ?? cacheResult(keyOfId(id), newEntry(countOf(id), count), request),
    );
    try {
      const found = await waitFor(Promise.all(used.map(({ result }) => result)), { ms: msLeft(request.deadline) });
      for (const entry of used)
        if (entry.count.deadline !== null) shared?.addTo(request.deadline, entry.count.deadline);
      return found;
    } catch (error) {
      if (error instanceof Failure && error.kind === "TIMEOUT") for (const entry of used) entry.isLate = true;
      throw error;
    }
  }

  /** Returns the results in the order of the ids. A request waits for one count at a time, like for its other statements. */
  return async (request: CountRequest<Counted>): Promise<Result[]> => {
    const ownStatements = request.deadline.enter();
    if (ownStatements !== undefined) await ownStatements;
    try {
      return await resultsOf(request);
    } finally {
      request.deadline.leave();
    }
  };
}
