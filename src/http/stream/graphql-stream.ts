import type { Request, RequestHandler, Response } from "express";
import type { RequestDetails } from "../../context.ts";
import { extensionsOf } from "../../graphql/format-error.ts";
import { EVENT_STREAM, GRAPHQL_TYPES } from "../../graphql/media-types.ts";
import { parsedOrText } from "../request/graphql-request.ts";
import type { OperationRequest } from "./event-readings.ts";
import { startEventStream } from "./event-stream.ts";
import type { OpenStreams } from "./open-streams.ts";
import type { Subscriptions } from "./subscriptions.ts";

export interface StreamApi {
  readonly streams: OpenStreams;
  readonly subscriptions: Subscriptions;
}

/**
 * Answers `Accept: text/event-stream` by the protocol GraphQL over Server-Sent Events, distinct connections mode: an event
 * `next` for each result, and `complete` at the end. The server of graphql-sse was not used, because it has no backpressure.
 */
export function streamGraphql(
  { streams, subscriptions }: StreamApi,
  detailsOf: (response: Response) => RequestDetails,
) {
  const handler: RequestHandler = async (request, response, next) => {
    if (request.headers.accept !== EVENT_STREAM) return next();
    const operation = readOperation(request);
    if (operation === null) {
      request.headers.accept = GRAPHQL_TYPES[0].type;
      return next();
    }
    const { viewer, requestId } = response.locals;
    const { result, stream } = await subscriptions.start(operation, detailsOf(response), () => {
      const signal = streams.open({ kind: "sse", request, response, viewer });
      response.locals.isStream = true;
      return signal;
    });
    if (response.locals.isHead === true) {
      void stream?.events.return?.();
      response.setHeader("Content-Type", EVENT_STREAM);
      response.end();
      return;
    }
    const output = startEventStream(response);
    const send = (text: string) => output.send({ event: "next", data: text });
    const deliver = async () => {
      if (stream === null) return send(JSON.stringify(result));
      for await (const { text } of subscriptions.deliver(stream, { kind: "sse", viewer, requestId })) await send(text);
    };
    await output.finishAfter(deliver, async (failure) => {
      await send(JSON.stringify({ errors: [{ message: failure.message, extensions: extensionsOf(failure) }] }));
      await output.complete();
    });
  };
  return handler;
}

/** Returns null for what is not a request of GraphQL over HTTP, so that Apollo Server refuses it alike for all media types. */
function readOperation(request: Request): OperationRequest | null {
  const isGet = request.method === "GET";
  const given = isGet ? parametersOf(request.url) : ((request.body ?? {}) as Record<string, unknown>);
  const { operationName, variables, extensions } = given;
  const query = given.query ?? "";
  const isRequest =
    typeof query === "string" &&
    typeof (operationName ?? "") === "string" &&
    isObject(variables ?? {}) &&
    isObject(extensions ?? {}) &&
    // Apollo Server refuses the hash of a document by the result of the operation.
    (query !== "" || Boolean((extensions as PersistedQuery | null | undefined)?.persistedQuery));
  if (!isRequest) return null;
  return {
    query,
    operationName: (operationName ?? undefined) as string | undefined,
    variables: (variables ?? undefined) as Record<string, unknown> | undefined,
    extensions: (extensions ?? undefined) as Record<string, unknown> | undefined,
  };
}

interface PersistedQuery {
  readonly persistedQuery?: unknown;
}

function parametersOf(url: string): Record<string, unknown> {
  const parameters = Object.fromEntries(new URL(url, "http://localhost").searchParams);
  const parsed = ["variables", "extensions"].map((name) => [name, parsedOrText(parameters[name])]);
  return { ...parameters, ...Object.fromEntries(parsed) };
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
