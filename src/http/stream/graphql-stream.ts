import type { Request, RequestHandler, Response } from "express";
import type { RequestDetails } from "../../context.ts";
import { Failure, type FieldFault } from "../../errors.ts";
import { extensionsOf } from "../../graphql/format-error.ts";
import { EVENT_STREAM } from "../../graphql/media-types.ts";
import type { Operation } from "./event-readings.ts";
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

/** Reads the parameters of GraphQL over HTTP, with the types that its specification requires. */
function readOperation(request: Request): Operation {
  const isGet = request.method === "GET";
  const given = isGet ? parametersOf(request.url) : ((request.body ?? {}) as Record<string, unknown>);
  const faults: FieldFault[] = [];
  const { query, operationName, variables } = given;
  if (typeof query !== "string" || query === "") faults.push({ field: "query", reason: "must be a GraphQL document" });
  if (typeof (operationName ?? "") !== "string") faults.push({ field: "operationName", reason: "must be a string" });
  if (!isObject(variables ?? {})) faults.push({ field: "variables", reason: "must be an object" });
  if (faults.length > 0) throw Failure.ofFields(faults);
  return {
    query: query as string,
    operationName: (operationName ?? undefined) as string | undefined,
    variables: (variables ?? undefined) as Record<string, unknown> | undefined,
  };
}

function parametersOf(url: string): Record<string, unknown> {
  const parameters: Record<string, unknown> = Object.fromEntries(new URL(url, "http://localhost").searchParams);
  const { variables } = parameters;
  if (typeof variables !== "string") return parameters;
  try {
    return { ...parameters, variables: JSON.parse(variables) as unknown };
  } catch {
    return parameters;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
