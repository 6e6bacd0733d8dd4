import type { Deadline } from "../../values/deadline.ts";
import type { OpenDatabase } from "../client.ts";
import type { Pool, Reads, SharedReads } from "../reads/reads.ts";
import type { Replica } from "./replica.ts";
import type { RequestReads } from "./request-reads.ts";

interface RoutedReadsOptions {
  readonly primary: OpenDatabase;
  readonly shared: SharedReads;
  /** Undefined for a read that belongs to no request. */
  readonly requestOf: (deadline: Deadline) => RequestReads | undefined;
}

/** The share of the remaining time that a replica may use, so that the primary can still answer. */
const SHARE_OF_REPLICA = 0.5;

/**
 * Runs each read at the server of its request. A read that fails at a replica runs again at the primary, where the request
 * then stays, so that its rows come from one server.
 */
export function createRoutedReads({ primary, shared, requestOf }: RoutedReadsOptions): Reads {
  function poolOf(choose: (database: OpenDatabase) => Pool): Pool {
    return {
      isDistributed: choose(primary).isDistributed,
      read(deadline, statement, tasks) {
        const request = requestOf(deadline);
        if (request === undefined) return choose(primary).read(deadline, statement, tasks);
        const readPrimary = (within: Deadline) =>
          choose(primary).read(within, (sql) => statement(sql, request.notePrimary), tasks);
        if (request.replica === null) return readPrimary(deadline);
        return withFailover(deadline, request, {
          replica: (within, replica) =>
            choose(replica.database).read(within, (sql) => statement(sql, request.noteAt(replica)), tasks),
          primary: readPrimary,
        });
      },
    };
  }

  return {
    ...poolOf((database) => database),
    searches: poolOf((database) => database.searches),
    counts: { ...poolOf((database) => database.counts), timeoutMs: primary.counts.timeoutMs, shared },
    exports: {
      begin(deadline, work) {
        const request = deadline && requestOf(deadline);
        if (deadline === undefined || request === undefined) return primary.exports.begin(deadline, work);
        const beginPrimary = (within: Deadline) =>
          work(primary.exports, { deadline: within, notePosition: request.notePrimary });
        if (request.replica === null) return beginPrimary(deadline);
        return withFailover(deadline, request, {
          replica: (within, replica) =>
            work(replica.database.exports, {
              deadline: within,
              notePosition: request.noteAt(replica),
              hasFailover: true,
            }),
          primary: beginPrimary,
        });
      },
    },
  };
}

interface Attempts<T> {
  readonly replica: (within: Deadline, replica: Replica) => Promise<T>;
  readonly primary: (within: Deadline) => Promise<T>;
}

/** The request starts no other statement until both attempts have ended, because a failed attempt may still run. */
async function withFailover<T>(deadline: Deadline, request: RequestReads, attempts: Attempts<T>): Promise<T> {
  const ownStatements = deadline.enter();
  if (ownStatements !== undefined) await ownStatements;
  let running = 0;
  const attemptWithin = (ms: number): Deadline => {
    const within = deadline.within(ms);
    running += 1;
    return within;
  };
  const end = (within: Deadline) =>
    within.whenIdle(() => {
      running -= 1;
      if (running === 0) deadline.leave();
    });

  const { replica } = request;
  const first = attemptWithin(replica === null ? deadline.msLeft : deadline.msLeft * SHARE_OF_REPLICA);
  try {
    if (replica === null) return await attempts.primary(first);
    return await replica.whileReachable(attempts.replica(first, replica));
  } catch (error) {
    if (replica === null || deadline.msLeft <= 0) throw error;
    request.replica = null;
    replica.failovers += 1;
    const second = attemptWithin(deadline.msLeft);
    try {
      return await attempts.primary(second);
    } finally {
      end(second);
    }
  } finally {
    end(first);
  }
}
