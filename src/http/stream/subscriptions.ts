import { hash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { FormattedExecutionResult } from "graphql";
import type { RequestContext, RequestDetails } from "../../context.ts";
import type { GraphqlServer } from "../../graphql/server.ts";
import type { LiveEvents } from "../../live/live-event.ts";
import type { SubscriptionStart } from "../../live/subscription-run.ts";
import type { StreamKind } from "../../metrics/live-metrics.ts";
import {
  createEventReadings,
  type Operation,
  type OperationRequest,
  RETRY_AFTER_MS,
  type Subscriber,
} from "./event-readings.ts";

interface SubscriptionsOptions {
  readonly graphql: GraphqlServer;
  readonly createContext: (request: RequestDetails) => RequestContext;
  /** How many events are executed at once. */
  readonly slots: number;
  readonly onEvent: (kind: StreamKind, lagSeconds: number | null) => void;
}

/** A subscription that has begun. */
export interface Stream {
  readonly operation: Operation;
  readonly events: LiveEvents;
  readonly signal: AbortSignal;
}

interface StartedOperation {
  readonly result: FormattedExecutionResult;
  readonly stream: Stream | null;
}

/** A result that is to be sent. */
interface Delivery {
  readonly result: FormattedExecutionResult;
  /** The result as JSON. */
  readonly text: string;
}

export type Subscriptions = ReturnType<typeof createSubscriptions>;

/** Runs subscriptions, independently of how their events are sent. Watchers with equal rights share the reading of an event. */
export function createSubscriptions({ graphql, createContext, slots, onEvent }: SubscriptionsOptions) {
  const { execute, readEvent, readTogether } = createEventReadings({ graphql, createContext, slots });
  return {
    readTogether,

    /**
     * Starts an operation with the context of its request; a query, or an operation that fails, has a result and no stream.
     * `open` counts the stream, throws if there are too many, and returns the signal that ends it.
     */
    async start(given: OperationRequest, details: RequestDetails, open: () => AbortSignal): Promise<StartedOperation> {
      let signal: AbortSignal | null = null;
      let refusal: unknown = null;
      const subscription: SubscriptionStart = {
        event: null,
        events: null,
        open() {
          try {
            signal = open();
          } catch (error) {
            refusal = error;
            throw error;
          }
        },
      };
      const result = await execute(given, createContext({ ...details, subscription }));
      if (refusal !== null) throw refusal;
      // Watchers share the readings of equal operations, whatever their extensions are.
      const { extensions: _extensions, ...operation } = given;
      const { events } = subscription;
      return { result, stream: events === null ? null : createStream(operation, events, signal) };
    },

    /** Yields the result of each event that has news. Ends when no event follows, and throws the reason of the signal. */
    async *deliver(
      { operation, events, signal }: Stream,
      subscriber: Subscriber,
    ): AsyncGenerator<Delivery, void, void> {
      const { viewer, kind } = subscriber;
      const rights = viewer.isAdmin ? "admin" : viewer.userId;
      const document = hash("sha256", JSON.stringify([rights, operation]), "base64url");
      let sent = "";
      try {
        for await (const event of events) {
          signal.throwIfAborted();
          const key = `${document} ${event.key}`;
          const { result, text, outcome, tookMs } = await readEvent({ operation, event, subscriber, key, signal });
          signal.throwIfAborted();
          const isFailed = outcome === null || result.data === null || result.data === undefined;
          if (isFailed || (outcome.hasNews && (outcome.state !== undefined || text !== sent))) {
            sent = text;
            yield { result, text };
            onEvent(kind, event.foundAt === null ? null : (performance.now() - event.foundAt) / 1000);
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

/** Closes the events with the signal. */
function createStream(operation: Operation, events: LiveEvents, signal: AbortSignal | null): Stream {
  if (signal === null) throw new Error("A subscription began before it was counted");
  const close = () => void events.return?.();
  if (signal.aborted) close();
  signal.addEventListener("abort", close);
  return { operation, events, signal };
}
