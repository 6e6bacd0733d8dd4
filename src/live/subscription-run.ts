import type { LiveEvent, LiveEvents } from "./live-event.ts";

/** One of the executions of a subscription: its start, which creates the events, or the execution of one event. */
export interface SubscriptionRun {
  /** Null at the start. */
  readonly event: LiveEvent | null;
  /** Set at the start, unless the operation fails or is a query. */
  events: LiveEvents | null;
}
