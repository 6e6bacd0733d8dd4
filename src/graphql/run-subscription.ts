import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, execute } from "graphql";
import type { RequestContext } from "../context.ts";
import type { LiveEvents } from "../live/live-event.ts";
import { withoutDataOfFailedRequest } from "./request-failure.ts";

/**
 * Starts a subscription, or executes one of its events with a context of its own. The `subscribe` of graphql-js would use one
 * context for all events, whose loaders would return the rows of the first event again.
 */
export async function runSubscription(args: ExecutionArgs, { subscription }: RequestContext): Promise<ExecutionResult> {
  if (subscription === undefined) throw new Error("A subscription needs a stream");
  if (subscription.event !== null)
    return withoutDataOfFailedRequest(await execute({ ...args, rootValue: subscription.event }));
  subscription.open();
  const events = await createSourceEventStream(args);
  if (!(Symbol.asyncIterator in events)) return events;
  // The `subscribe` functions of the schema return nothing else.
  subscription.events = events as LiveEvents;
  return { data: {} };
}
