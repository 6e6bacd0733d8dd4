import { hash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { HeaderMap } from "@apollo/server";
import type { FormattedExecutionResult } from "graphql";
import type { Viewer } from "../../auth/viewer.ts";
import type { RequestContext, RequestDetails } from "../../context.ts";
import { Failure } from "../../errors.ts";
import type { GraphqlServer } from "../../graphql/server.ts";
import type { EventOutcome, LiveEvent, LiveEvents } from "../../live/live-event.ts";
import { deadlineIn } from "../../values/deadline.ts";
import { createFairSlots } from "../../values/fair-slots.ts";
import { createSharedResults } from "./share-results.ts";

/** The counts of a large task may take this long (`COUNTS` in `src/db/client.ts`). */
const READ_TIMEOUT_MS = 10_000;
const RETRY_AFTER_MS = 1000;
/** The largest queue of readings: of one user, and of all. A stream has at most one. */
const MAX_WAITING = 10_000;
const CODES_OF_AN_OUTAGE: ReadonlySet<unknown> = new Set(["DEPENDENCY_UNAVAILABLE", "DEPENDENCY_TIMEOUT"]);

export interface Operation {
  readonly query: string;
  readonly operationName?: string | undefined;
  readonly variables?: Record<string, unknown> | undefined;
}

interface Executed {
  readonly result: FormattedExecutionResult;
  readonly text: string;
  readonly outcome: EventOutcome | null;
  readonly tookMs: number;
}

interface SubscriptionsOptions {
  readonly graphql: GraphqlServer;
  readonly createContext: (request: RequestDetails) => RequestContext;
  /** How many events are executed at once. */
  readonly slots: number;
  readonly onEvent: (lagSeconds: number | null) => void;
}

interface Subscriber {
  readonly viewer: Viewer;
  readonly requestId: string;
  readonly signal: AbortSignal;
}

/** A result that is to be sent. */
export interface Delivery {
  readonly result: FormattedExecutionResult;
  /** The result as JSON. */
  readonly text: string;
  /** Whether the operation ended with an error instead of data. */
  readonly isFailed: boolean;
}

export type Subscriptions = ReturnType<typeof createSubscriptions>;

/** Runs subscriptions, independently of how their events are sent. Watchers with equal rights share the reading of an event. */
export function createSubscriptions({ graphql, createContext, slots, onEvent }: SubscriptionsOptions) {
  const share = createSharedResults<Executed>();
  const shareBodies = createSharedResults<object>();
  const readings = createFairSlots({
    slots,
    perHolder: () => Math.ceil(slots / 2),
    maxWaiting: MAX_WAITING,
    maxWaitingInAll: MAX_WAITING,
  });

  async function execute(operation: Operation, contextValue: RequestContext): Promise<FormattedExecutionResult> {
    // The method is POST, because Apollo Server executes only queries by GET. Cross-site requests have no credential.
    const http = { method: "POST", headers: new HeaderMap(), search: "", body: {} };
    const { query, operationName, variables } = operation;
    const request = {
      query,
      http,
      ...(operationName === undefined ? {} : { operationName }),
      ...(variables === undefined ? {} : { variables }),
    };
    const { body } = await graphql.executeOperation(request, { contextValue });
    if (body.kind !== "single") throw new Error("A subscription must not have an incremental response");
    return body.singleResult;
  }

  /** Waits for a slot, because the readings of changes must leave connections to requests. */
  async function inSlot<T>({ userId }: Viewer, read: () => Promise<T>): Promise<T> {
    const queued = readings.take(userId, READ_TIMEOUT_MS);
    if (queued !== undefined) await queued.granted;
    try {
      return await read();
    } finally {
      readings.free(userId);
    }
  }

  async function executeEvent(operation: Operation, event: LiveEvent, subscriber: Subscriber): Promise<Executed> {
    const { viewer, requestId } = subscriber;
    const startedAt = performance.now();
    const context = createContext({
      viewer,
      requestId,
      deadline: deadlineIn(READ_TIMEOUT_MS),
      response: UNAUDITED,
      subscription: { event, events: null },
    });
    const result = await execute(operation, context);
    if (isOutage(result)) throw new Failure("UNAVAILABLE");
    return { result, text: JSON.stringify(result), outcome: event.outcome, tookMs: performance.now() - startedAt };
  }

  /** Repeats a reading while the database is unavailable. */
  async function executeWhenAvailable(key: string, subscriber: Subscriber, run: () => Promise<Executed>) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await share(`${key} ${attempt}`, run);
      } catch (error) {
        if (!(error instanceof Failure && error.isOfDependency)) throw error;
        await sleep(RETRY_AFTER_MS, undefined, { signal: subscriber.signal });
      }
    }
  }

  return {
    /** Runs a reading of a change once for all requests with the same key. */
    readTogether: (key: string, viewer: Viewer, run: () => Promise<object>): Promise<object> =>
      shareBodies(key, () => inSlot(viewer, run)),

    /**
     * Starts an operation with the context of its request. A query, or an operation that fails, has a result and no events. The
     * events end with the signal.
     */
    async start(
      operation: Operation,
      details: RequestDetails,
      signal: AbortSignal,
    ): Promise<{ result: FormattedExecutionResult; events: LiveEvents | null }> {
      const subscription: { event: null; events: LiveEvents | null } = { event: null, events: null };
      const result = await execute(operation, createContext({ ...details, subscription }));
      const { events } = subscription;
      const close = () => void events?.return?.();
      if (signal.aborted) close();
      signal.addEventListener("abort", close);
      return { result, events };
    },

    /** Delivers each event that has news. Returns when no event follows, and throws the reason of the signal. */
    async deliver(
      { operation, events }: { operation: Operation; events: LiveEvents },
      subscriber: Subscriber,
      send: (delivery: Delivery) => Promise<void>,
    ): Promise<void> {
      const { viewer, signal } = subscriber;
      const rights = viewer.isAdmin ? "admin" : viewer.userId;
      const document = hash("sha256", JSON.stringify([rights, operation]), "base64url");
      let sent = "";
      try {
        for await (const event of events) {
          signal.throwIfAborted();
          const { result, text, outcome, tookMs } = await executeWhenAvailable(
            `${document} ${event.key}`,
            subscriber,
            () => inSlot(viewer, () => executeEvent(operation, event, subscriber)),
          );
          signal.throwIfAborted();
          const isFailed = outcome === null || result.data === null || result.data === undefined;
          if (isFailed || (outcome.hasNews && (outcome.state !== undefined || text !== sent))) {
            sent = text;
            await send({ result, text, isFailed });
            onEvent(event.foundAt === null ? null : (performance.now() - event.foundAt) / 1000);
          }
          if (isFailed) return;
          event.accept(outcome);
          // A task whose jobs take long to count is counted for at most half of the time.
          if (tookMs > RETRY_AFTER_MS / 2) await sleep(2 * tookMs, undefined, { signal });
        }
        signal.throwIfAborted();
      } catch (error) {
        throw signal.aborted ? signal.reason : error;
      } finally {
        await events.return?.();
      }
    },
  };
}

/** The start of a subscription is audited with its request. Its events read the same task. */
const UNAUDITED: RequestDetails["response"] = {
  closed: false,
  once() {
    return this as never;
  },
};

function isOutage({ data, errors }: FormattedExecutionResult): boolean {
  return (
    (data === null || data === undefined) &&
    errors?.some(({ extensions }) => CODES_OF_AN_OUTAGE.has(extensions?.code)) === true
  );
}
