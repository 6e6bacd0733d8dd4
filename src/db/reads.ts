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
import { Failure } from "../errors.ts";
import { type Deadline, DeadlinePassed, msLeft } from "../values/deadline.ts";
import { failureOfDatabaseError, isOfSchema, isPassing, isUnreachable, WaitedTooLong } from "./faults.ts";

/** What may wait for a connection, and for how long: past it the answer is 503 at once, which a caller can act on. */
const MAX_WAITING = 200;
const MAX_WAIT_MS = 1000;

/** Together with the reconnect delay under the second in which the first good answer is due. */
const HALF_OPEN_AFTER_MS = 400;
const FAILURES_THAT_OPEN = 5;

/**
 * Each connection may fail once more with the error of its killed predecessor (porsager/postgres#1223), so a read may meet
 * one failure per connection and these. The deadline and the breaker end the retries where the server is unreachable.
 */
const TRIES_BEYOND_CONNECTIONS = 5;

/**
 * How every read of a request reaches the database. At most as many are under way as there are connections: behind
 * another statement of the same connection a frozen backend would hold up the innocent. A lost connection is tried
 * again, an unreachable server is left alone for a moment, and the deadline answers whatever the driver does.
 */
export function openReads(maxConnections: number, isOtherSchema: () => Promise<boolean>) {
  const gate = bulkhead(maxConnections, MAX_WAITING);
  let lastUnreachable: unknown;
  const noteUnreachable = (error: unknown): boolean => {
    if (!isUnreachable(error)) return false;
    lastUnreachable = error;
    return true;
  };
  const breaker = circuitBreaker(handleWhen(noteUnreachable), {
    halfOpenAfter: HALF_OPEN_AFTER_MS,
    breaker: new ConsecutiveBreaker(FAILURES_THAT_OPEN),
  });
  const again = retry(handleWhen(isPassing), {
    maxAttempts: maxConnections + TRIES_BEYOND_CONNECTIONS,
    backoff: new ExponentialBackoff({ initialDelay: 10, maxDelay: 100 }),
  });

  /**
   * What is missing in a database that is not migrated yet, or by a newer release already, is there in a while or at
   * another instance. In one that is as we know it, it is our own fault: the second try fails like the first, unless the
   * migration came between the two.
   */
  async function read<T>(deadline: Deadline, statement: () => Promise<T>): Promise<T> {
    try {
      return await ask(deadline, statement);
    } catch (error) {
      if (!isOfSchema(error)) throw error;
      if (await ask(deadline, isOtherSchema)) throw new Failure("UNAVAILABLE", { cause: error });
      return ask(deadline, statement);
    }
  }

  async function ask<T>(deadline: Deadline, statement: () => Promise<T>): Promise<T> {
    // Skips the await when no other statement runs, which is the case in most requests.
    const ownStatements = deadline.enter();
    if (ownStatements !== undefined) await ownStatements;
    let isUnderWay = false;
    let hasLeft = false;
    const leave = () => {
      if (!hasLeft) deadline.leave();
      hasLeft = true;
    };
    const tries = again.execute(() =>
      breaker.execute(() =>
        gate.execute(() => {
          // The response was sent while this statement waited, so the statement must not start.
          if (hasLeft || msLeft(deadline) <= 0) throw waitedTooLong();
          isUnderWay = true;
          // The gate holds the place until the driver is done, not until we gave up: it is the connection that is busy.
          return statement();
        }),
      ),
    );
    tries.then(leave, leave);
    try {
      return await inTime(tries, deadline, () => isUnderWay);
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
      /** Also while one read tries whether the server is back: that takes longer than the pauses between two tries. */
      isBreakerOpen: () => (breaker.state === CircuitState.Closed ? 0 : 1),
    },
  };
}

const waitedTooLong = () => new Failure("UNAVAILABLE", { cause: new WaitedTooLong() });

/** A wait for a connection ends before the deadline does: it is the overload that the caller should hear of. */
function inTime<T>(work: Promise<T>, deadline: Deadline, isUnderWay: () => boolean): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      const left = msLeft(deadline);
      if (isUnderWay() && left > 0) timer = setTimeout(giveUp, left);
      else reject(isUnderWay() ? new Failure("TIMEOUT", { cause: new DeadlinePassed() }) : waitedTooLong());
    };
    let timer = setTimeout(giveUp, Math.max(0, Math.min(MAX_WAIT_MS, msLeft(deadline))));
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
