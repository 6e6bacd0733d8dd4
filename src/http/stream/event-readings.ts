import { setTimeout as sleep } from "node:timers/promises";
import { HeaderMap } from "@apollo/server";
import type { FormattedExecutionResult } from "graphql";
import type { Viewer } from "../../auth/viewer.ts";
import type { RequestContext, RequestDetails } from "../../context.ts";
import { Failure } from "../../errors.ts";
import type { GraphqlServer } from "../../graphql/server.ts";
import type { EventOutcome, LiveEvent } from "../../live/live-event.ts";
import type { StreamKind } from "../../metrics/live-metrics.ts";
import { deadlineIn } from "../../values/deadline.ts";
import { createFairSlots } from "../../values/fair-slots.ts";
import { createSharedResults } from "./share-results.ts";

/** The counts of a large task may take this long (`COUNTS` in `src/db/client.ts`). */
const READ_TIMEOUT_MS = 10_000;
export const RETRY_AFTER_MS = 1000;
/** The largest queue of readings: of one user, and of all. A stream has at most one. */
const MAX_WAITING = 10_000;
const CODES_OF_AN_OUTAGE: ReadonlySet<unknown> = new Set(["DEPENDENCY_UNAVAILABLE", "DEPENDENCY_TIMEOUT"]);

export interface Operation {
  readonly query: string;
  readonly operationName?: string | undefined;
  readonly variables?: Record<string, unknown> | undefined;
}

/** An operation as a client sends it. Apollo Server refuses the extension of automatic persisted queries. */
export interface OperationRequest extends Operation {
  readonly extensions?: Record<string, unknown> | undefined;
}

export interface Subscriber {
  readonly kind: StreamKind;
  readonly viewer: Viewer;
  readonly requestId: string;
}

interface Executed {
  readonly result: FormattedExecutionResult;
  readonly text: string;
  readonly outcome: EventOutcome | null;
  readonly tookMs: number;
}

interface EventReadingsOptions {
  readonly graphql: GraphqlServer;
  readonly createContext: (request: RequestDetails) => RequestContext;
  /** How many events are executed at once. */
  readonly slots: number;
}

interface EventReading {
  readonly operation: Operation;
  readonly event: LiveEvent;
  readonly subscriber: Subscriber;
  /** The same for watchers that may share the reading. */
  readonly key: string;
  readonly signal: AbortSignal;
}

/** Executes operations and their events. Readings of events wait for slots, and watchers with equal keys share them. */
export function createEventReadings({ graphql, createContext, slots }: EventReadingsOptions) {
  const share = createSharedResults<Executed>();
  const shareBodies = createSharedResults<object>();
  const readings = createFairSlots({
    slots,
    perHolder: () => Math.ceil(slots / 2),
    maxWaiting: MAX_WAITING,
    maxWaitingInAll: MAX_WAITING,
  });

  async function execute(
    { query, operationName, variables, extensions }: OperationRequest,
    contextValue: RequestContext,
  ): Promise<FormattedExecutionResult> {
    // The method is POST, because Apollo Server executes only queries by GET. Cross-site requests have no credential.
    const http = { method: "POST", headers: new HeaderMap(), search: "", body: {} };
    const request = {
      query,
      http,
      ...(operationName === undefined ? {} : { operationName }),
      ...(variables === undefined ? {} : { variables }),
      ...(extensions === undefined ? {} : { extensions }),
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
      subscription: { event },
    });
    const result = await execute(operation, context);
    if (isOutage(result)) throw new Failure("UNAVAILABLE");
    return { result, text: JSON.stringify(result), outcome: event.outcome, tookMs: performance.now() - startedAt };
  }

  return {
    execute,

    /** Runs a reading of a change once for all requests with the same key. */
    readTogether: (key: string, viewer: Viewer, run: () => Promise<object>): Promise<object> =>
      shareBodies(key, () => inSlot(viewer, run)),

    /** Executes an event, and repeats that while the database is unavailable. */
    async readEvent({ operation, event, subscriber, key, signal }: EventReading): Promise<Executed> {
      const run = () => inSlot(subscriber.viewer, () => executeEvent(operation, event, subscriber));
      for (let attempt = 0; ; attempt += 1) {
        try {
          return await share(`${key} ${attempt}`, run);
        } catch (error) {
          if (!(error instanceof Failure && error.isOfDependency)) throw error;
          await sleep(RETRY_AFTER_MS, undefined, { signal });
        }
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
