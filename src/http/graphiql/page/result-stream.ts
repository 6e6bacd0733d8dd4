import { EventSourceParserStream } from "eventsource-parser/stream";
import { getOperationAST, parse } from "graphql";
import type { GraphQLResponse } from "./fetcher.ts";

export const EVENT_STREAM = "text/event-stream";

const CONNECTION_LOST = "The connection was lost before the subscription was complete. Run it again to continue.";

interface Operation {
  readonly query: string;
  readonly operationName?: string | null;
}

/** A document with a syntax error does not count as a subscription, so that the server reports the error. */
export function isSubscription({ query, operationName }: Operation): boolean {
  try {
    return getOperationAST(parse(query), operationName)?.operation === "subscription";
  } catch {
    return false;
  }
}

export function isEventStream({ headers }: Response): boolean {
  return headers.get("Content-Type")?.startsWith(EVENT_STREAM) ?? false;
}

/**
 * Reads a response in the distinct connections mode of GraphQL over Server-Sent Events. Fails if it ends without the event
 * `complete`, as it does when the server stops.
 */
export async function readResults({ body }: Response, onResult: (result: GraphQLResponse) => void): Promise<void> {
  const events = body?.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream()).getReader();
  for (;;) {
    const next = await events?.read().catch(() => null);
    if (!next?.value) throw new Error(CONNECTION_LOST);
    const { event, data } = next.value;
    if (event === "complete") return;
    if (event === "next") onResult(JSON.parse(data));
  }
}
