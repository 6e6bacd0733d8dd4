import type { Response } from "express";
import { CloseCode } from "graphql-ws";
import type { RawData, WebSocket } from "ws";
import type { Log } from "../../log.ts";
import { hasLoneSurrogate, SURROGATE_RULE } from "../../values/lone-surrogates.ts";
import { hasTooManyJsonValues, MAX_JSON_VALUES } from "../request/request-body.ts";
import type { BufferLimit } from "../response/buffer-limit.ts";
import { BEAT_EVERY_MS } from "../stream/event-stream.ts";
import type { SocketHandler, SocketProtocol } from "./socket-protocol.ts";

/**
 * A client that has sent nothing for this many beats is disconnected at the next one. Beats are counted instead of time, because
 * after a pause of this process the answer to the last ping may not have been read yet.
 */
const MAX_SILENT_BEATS = 2;
/**
 * A client that reads no message within this many beats is disconnected. Node's own time limit begins again with each message
 * that the client sends.
 */
const MAX_STALLED_BEATS = 10;
/** The messages between two beats that neither start nor end an operation, such as pings. Common clients send one in 10 s. */
const MAX_OTHER_MESSAGES = 100;
/** No more messages are read while more than this waits to be sent, because each message may cause an answer. */
const MAX_UNSENT_BYTES = 64 * 1024;
const UNSUPPORTED_DATA = 1003;
const POLICY_VIOLATION = 1008;
/** RFC 6455, section 5.5, limits the reason of a close. The reason of graphql-ws for a repeated id contains the id, which may be longer. */
const MAX_REASON_BYTES = 123;

interface SocketOptions {
  readonly socket: WebSocket;
  /** The response to the handshake, under which the limit of buffered bytes counts this connection. */
  readonly response: Response;
  readonly protocol: SocketProtocol;
  readonly handler: SocketHandler;
  readonly buffers: BufferLimit;
  readonly log: Log;
  readonly beatEveryMs: number | undefined;
}

/** Connects a socket to the protocol: messages in both directions, backpressure and pings. */
export function serveSocket(options: SocketOptions): void {
  const { socket, response, protocol, handler, buffers, log, beatEveryMs = BEAT_EVERY_MS } = options;
  let silentBeats = 0;
  let otherMessages = 0;
  let sent = Promise.resolve();
  let readBytes = 0;
  let stalledBeats = 0;

  function hear(): void {
    silentBeats = 0;
    otherMessages += 1;
    if (otherMessages > MAX_OTHER_MESSAGES) socket.close(POLICY_VIOLATION, "Too many pings");
  }

  function limitReading(): void {
    buffers.recordWrite(response, socket.bufferedAmount);
    const isFull = socket.bufferedAmount > MAX_UNSENT_BYTES;
    if (isFull && !socket.isPaused) socket.pause();
    if (!isFull && socket.isPaused) socket.resume();
  }

  /** Returns before the bytes have left the process, because graphql-ws forgets a completed operation only after this function. */
  function send(text: string): void {
    if (socket.readyState !== socket.OPEN) return;
    sent = new Promise((resolve) => {
      socket.send(text, () => {
        limitReading();
        resolve();
      });
    });
    limitReading();
  }

  function isStalled(): boolean {
    const bytes = response.req.socket.bytesWritten - socket.bufferedAmount;
    stalledBeats = socket.bufferedAmount > 0 && bytes === readBytes ? stalledBeats + 1 : 0;
    readBytes = bytes;
    return stalledBeats > MAX_STALLED_BEATS;
  }

  const beat = setInterval(() => {
    otherMessages = Math.min(otherMessages, 0);
    const isSlow = socket.bufferedAmount > 0;
    // A slow reader gets no ping, so that the time limit of a silent connection ends it.
    silentBeats = isSlow ? 0 : silentBeats + 1;
    if (silentBeats > MAX_SILENT_BEATS || isStalled()) socket.terminate();
    else if (!isSlow) socket.ping();
  }, beatEveryMs);

  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      send,
      close: (code, reason = "") => socket.close(code, Buffer.byteLength(reason) > MAX_REASON_BYTES ? "" : reason),
      onMessage(receive) {
        socket.on("message", (data: RawData, isBinary: boolean) => {
          hear();
          if (socket.readyState !== socket.OPEN) return;
          if (isBinary) return socket.close(UNSUPPORTED_DATA, "A message must be text");
          const fault = faultOf(data as Buffer);
          if (fault !== null) return socket.close(CloseCode.BadRequest, `A message ${fault}`);
          limitReading();
          // `receive` fails only for a type of message that only servers send, because the hooks report their own errors.
          receive(String(data)).catch(() => socket.close(CloseCode.BadRequest, "Unexpected type of message"));
        });
      },
    },
    {
      connect: handler.connect,
      subscribe(payload) {
        // The first and the last message of the operation.
        otherMessages -= 2;
        return handler.subscribe(payload, () => sent);
      },
    },
  );
  socket.on("pong", hear);
  socket.on("ping", hear);
  socket.once("close", (code, reason) => {
    clearInterval(beat);
    closed(code, String(reason)).catch((err: unknown) => log.error({ err }, "unexpected error"));
  });
}

/** A body of a request has the same limits. */
function faultOf(text: Buffer): string | null {
  if (text.includes("\\u") && hasLoneSurrogate(text.toString("latin1"))) return SURROGATE_RULE;
  return hasTooManyJsonValues(text) ? `must not have more than ${MAX_JSON_VALUES} JSON values` : null;
}
