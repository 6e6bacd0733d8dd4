import type { Response } from "express";
import { Failure } from "../../errors.ts";
import { createBackpressureWriter, ReaderGone } from "../../export/backpressure.ts";
import { EVENT_STREAM } from "../../graphql/media-types.ts";
import { ClientLeft, ServerStops } from "./open-streams.ts";

/** Shorter than the time limit of a silent connection here and at common proxies. */
export const BEAT_EVERY_MS = 12_000;
/** A comment of one line. An empty line after it would be an empty message to some clients (Azure/fetch-event-source#15). */
const BEAT = ":\n";

export interface ServerSentEvent {
  readonly event: string;
  /** JSON, which has no line breaks, or empty. */
  readonly data: string;
  readonly id?: string;
}

export type EventStream = ReturnType<typeof startEventStream>;

/** Begins a response of server-sent events (WHATWG HTML, section 9.2). The events of several senders do not mix. */
export function startEventStream(response: Response) {
  response.status(200);
  response.setHeader("Content-Type", EVENT_STREAM);
  // Without `no-transform` the response would be compressed, and its first bytes would come with its end.
  response.setHeader("Cache-Control", "private, no-cache, no-transform");
  // nginx would otherwise collect events in its buffer.
  response.setHeader("X-Accel-Buffering", "no");
  response.flushHeaders();
  const write = createBackpressureWriter(response, null);
  response.write(BEAT);
  // A slow reader gets no more bytes, so that the time limit of a silent connection ends it.
  const beat = setInterval(() => response.writableNeedDrain || response.write(BEAT), BEAT_EVERY_MS);
  let sending: Promise<unknown> = Promise.resolve();

  /** Resolves when the stream accepts more. Fails with ReaderGone if the client disconnects. */
  function send({ event, data, id }: ServerSentEvent): Promise<void> {
    const lines = [`event: ${event}`, ...(id === undefined ? [] : [`id: ${id}`]), `data: ${data}`];
    const sent = sending.then(() => write(`${lines.join("\n")}\n\n`));
    sending = sent.catch(() => {});
    return sent;
  }

  async function complete(): Promise<void> {
    await send({ event: "complete", data: "" });
  }

  return {
    send,
    complete,

    /**
     * Completes the stream after the events, or sends the failure. A server that stops closes the connection before the end of
     * the response, so that the client connects again, to another server.
     */
    async finishAfter(deliver: () => Promise<void>, sendFailure: (failure: Failure) => Promise<void>): Promise<void> {
      try {
        await deliver().then(complete, (error: unknown) => {
          if (!(error instanceof Failure)) throw error;
          return sendFailure(error);
        });
        response.end();
      } catch (error) {
        response.socket?.end();
        if (!(error instanceof ServerStops || error instanceof ClientLeft || error instanceof ReaderGone)) throw error;
      } finally {
        clearInterval(beat);
      }
    },
  };
}
