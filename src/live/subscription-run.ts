import type { LiveEvent, LiveEvents } from "./live-event.ts";

/** The start of an operation that was sent as a stream. */
export interface SubscriptionStart {
  readonly event: null;
  /** Called before a subscription begins, and not for a query. Throws if there are too many streams. */
  readonly open: () => void;
  /** Set at the start, unless the operation fails or is a query. */
  events: LiveEvents | null;
}

/** One of the executions of a subscription: its start, which creates the events, or the execution of one event. */
export type SubscriptionRun = SubscriptionStart | { readonly event: LiveEvent };
