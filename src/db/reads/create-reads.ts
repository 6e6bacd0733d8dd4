import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  retry,
} from "cockatiel";
import type { Sql } from "postgres";
import { Failure } from "../../errors.ts";
import { type Deadline, DeadlinePassed, msLeft } from "../../values/deadline.ts";
import { createWorkerIsolation } from "../citus/isolate-workers.ts";
import type { Cluster } from "../citus/open-cluster.ts";
import {
  failureOfDatabaseError,
  isMissingObject,
  isTransient,
  isUnreachable,
  isUnsupported,
  WaitedTooLong,
} from "../faults.ts";
import type { TaskScope } from "./reads.ts";

/** How many reads may wait for a connection, and for how long. Any other read fails as UNAVAILABLE, so that the caller can retry. */
const MAX_WAITING = 200;
const MAX_WAIT_MS = 1000;

/** During a failover there are no connections, so reads wait for one until this long before their deadline. */
const FAILOVER_RESERVE_MS = 100;

/** With the reconnect delay, this serves requests within a second after the database becomes reachable. */
const HALF_OPEN_AFTER_MS = 400;
const FAILURES_THAT_OPEN = 5;

/**
 * The tries of a read beyond one for each connection, because a new connection may fail once with the error of the
 * connection that it replaces (porsager/postgres#1223). The deadline and the circuit breaker also end the retries.
 */
const TRIES_BEYOND_CONNECTIONS = 5;

interface ReadsOptions {
  readonly cluster: Cluster;
  readonly sql: Sql;
  readonly maxConnections: number;
  readonly isOtherSchema: () => Promise<boolean>;
  /** Whether the pool is looking for a server among several. */
  readonly hasOutage: () => boolean;
  /** Whether a transient failure is retried here. A failed read of a replica is sent to the primary instead. */
  readonly retries: boolean;
}

/**
 * Runs the reads of requests, at most one on each connection, so that a backend that hangs delays no other read. A read is
 * retried after a lost connection, a circuit breaker pauses while the server is unreachable, and the deadline applies even
 * if the driver never settles.
 */
export function createReads(options: ReadsOptions) {
  const { sql, maxConnections, isOtherSchema, hasOutage, retries, cluster } = options;
  const isolate = createWorkerIsolation(maxConnections, cluster.workers);
  const gate = bulkhead(maxConnections, MAX_WAITING);
  let lastUnreachable: unknown;
  const noteUnreachable = (error: unknown): boolean => {
    if (!isUnreachable(error)) return false;
    lastUnreachable = error;
    return true;
  };
  const failures = new ConsecutiveBreaker(FAILURES_THAT_OPEN);
  const breaker = circuitBreaker(handleWhen(noteUnreachable), {
    halfOpenAfter: HALF_OPEN_AFTER_MS,
    breaker: failures,
  });
  const again = retry(handleWhen(isTransient), {
    maxAttempts: retries ? maxConnections + TRIES_BEYOND_CONNECTIONS : 0,
    backoff: new ExponentialBackoff({ initialDelay: 10, maxDelay: 100 }),
  });

  /**
   * Runs a statement at once while the circuit is closed. Only a failure passes through the policies, as their first try,
   * because they take a sixth of the time of a page of ten.
   */
  async function tryStatement<T>(run: () => Promise<T>): Promise<T> {
    let firstFailure: unknown;
    if (breaker.state === CircuitState.Closed) {
      try {
        const result = await gate.execute(run);
        failures.success();
        return result;
      } catch (error) {
        if (!isTransient(error) && !isUnreachable(error)) throw error;
        firstFailure = error;
      }
    }
    return again.execute(() =>
      breaker.execute(() => {
        if (firstFailure === undefined) return gate.execute(run);
        const error = firstFailure;
        firstFailure = undefined;
        throw error;
      }),
    );
  }

  /**
   * If a table or column is missing and the schema is of another release, fails as UNAVAILABLE, because a migration or
   * another instance may help. Otherwise a migration may have ended between the two statements, so the read is retried once.
   */
  async function read<T>(deadline: Deadline, statement: (sql: Sql) => Promise<T>, tasks?: TaskScope): Promise<T> {
    try {
      return await ask(deadline, statement, tasks);
    } catch (error) {
      const isRetried = isUnsupported(error) && (await cluster.planWithValues());
      if (!isRetried && !isMissingObject(error)) throw error;
      if (!isRetried && (await ask(deadline, isOtherSchema))) throw new Failure("UNAVAILABLE", { cause: error });
      return ask(deadline, statement, tasks);
    }
  }

  async function ask<T>(deadline: Deadline, statement: (sql: Sql) => Promise<T>, tasks?: TaskScope): Promise<T> {
    // Skips the await when no other statement runs, which is the case in most requests.
    const ownStatements = deadline.enter();
    if (ownStatements !== undefined) await ownStatements;
    let isUnderWay = false;
    let hasLeft = false;
    const leave = () => {
      if (!hasLeft) deadline.leave();
      hasLeft = true;
    };
    const runStatement = () => {
      // The response was sent while this statement waited, so the statement must not start.
      if (hasLeft || msLeft(deadline) <= 0) throw waitedTooLong();
      isUnderWay = true;
      // The bulkhead counts this read until the driver has finished, even after a timeout, because its connection is busy.
      return statement(sql);
    };
    const tries = isolate(tasks, () => tryStatement(runStatement));
    tries.then(leave, leave);
    try {
      return await inTime(tries, deadline, { isUnderWay: () => isUnderWay, hasOutage });
    } catch (error) {
      // A running statement keeps its connection, and so the slot of its request, until the driver has finished.
      if (!isUnderWay) leave();
      // The error of an open circuit breaker does not contain the cause.
      if (error instanceof BrokenCircuitError) error.cause = lastUnreachable;
      if (error instanceof BulkheadRejectedError || error instanceof BrokenCircuitError) {
        throw new Failure("UNAVAILABLE", { cause: error });
      }
      throw failureOfDatabaseError(error);
    }
  }

  return {
    read,
    isDistributed: cluster.workers.isDistributed,
    /** Called once when the database becomes unreachable and once when it answers again. */
    onOutage(begins: (cause: unknown) => void, ends: () => void): void {
      let isOut = false;
      breaker.onBreak(() => {
        if (!isOut) begins(lastUnreachable);
        isOut = true;
      });
      breaker.onReset(() => {
        isOut = false;
        ends();
      });
    },
    gauges: {
      underWay: () => maxConnections - gate.executionSlots,
      waiting: () => MAX_WAITING - gate.queueSlots,
      /** A half-open circuit breaker, which tries one read, counts as open. */
      isBreakerOpen: () => (breaker.state === CircuitState.Closed ? 0 : 1),
    },
  };
}

const waitedTooLong = () => new Failure("UNAVAILABLE", { cause: new WaitedTooLong() });

interface WaitState {
  readonly isUnderWay: () => boolean;
  readonly hasOutage: () => boolean;
}

/** A wait for a connection ends before the deadline, so that the caller receives UNAVAILABLE and not TIMEOUT in an overload. */
function inTime<T>(work: Promise<T>, deadline: Deadline, { isUnderWay, hasOutage }: WaitState): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      const left = msLeft(deadline);
      const msToWait = isUnderWay() ? left : hasOutage() ? left - FAILOVER_RESERVE_MS : 0;
      if (msToWait > 0) timer = setTimeout(giveUp, msToWait);
      else
        reject(
          isUnderWay() && !hasOutage() ? new Failure("TIMEOUT", { cause: new DeadlinePassed() }) : waitedTooLong(),
        );
    };
    let timer = setTimeout(giveUp, Math.max(0, Math.min(MAX_WAIT_MS, msLeft(deadline))));
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
