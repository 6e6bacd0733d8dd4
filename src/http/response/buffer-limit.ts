import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { MAX_BODY_BYTES } from "../request/request-body.ts";

/** The limit for one process, see `docs/measurements/limits.md`. */
const MAX_BUFFERED_BYTES = 32 * 1024 * 1024;

/** The client of a younger response may still be reading it. Such a response is closed only far above the limit. */
const SLOW_AFTER_MS = 1000;
const FAR_ABOVE_LIMIT = 4;

/** The requests that one connection may send before it reads the responses. Browsers and Node send one. */
const MAX_PIPELINED = 500;

type Part = "body" | "compressor" | "unsent";

interface Buffered extends Record<Part, number> {
  /** The time (`performance.now()`) at which the number of buffered bytes last changed. */
  changedAt: number;
}

interface BufferLimitOptions {
  readonly maxBytes?: number | undefined;
  /** Called for each connection that is closed. */
  readonly onClose?: () => void;
}

export type BufferLimit = ReturnType<typeof createBufferLimit>;

/**
 * Limits the bytes that one process buffers for slow clients: unsent responses, compressors and incomplete request bodies.
 * Above the limit it closes the connection with the largest product of bytes and time, so that other clients are served.
 */
export function createBufferLimit({ maxBytes = MAX_BUFFERED_BYTES, onClose = () => {} }: BufferLimitOptions = {}) {
  const buffered = new Map<ServerResponse, Buffered>();
  const pipelined = new WeakMap<Socket, number>();
  let total = 0;
  let recheck: NodeJS.Timeout | undefined;

  function setBytes(response: ServerResponse, part: Part, bytes: number): void {
    let entry = buffered.get(response);
    if (entry === undefined) {
      // A response on a closed connection is never sent, and its memory is freed soon.
      if (bytes === 0 || response.closed || response.req.socket.destroyed) return;
      entry = { body: 0, compressor: 0, unsent: 0, changedAt: 0 };
      buffered.set(response, entry);
    }
    total += bytes - entry[part];
    entry[part] = bytes;
    entry.changedAt = performance.now();
    enforceLimit();
  }

  function enforceLimit(): void {
    while (total > maxBytes && closeSlowest());
    if (total <= maxBytes || recheck !== undefined) return;
    recheck = setTimeout(() => {
      recheck = undefined;
      enforceLimit();
    }, SLOW_AFTER_MS).unref();
  }

  function forget(response: ServerResponse): void {
    const entry = buffered.get(response);
    if (entry === undefined) return;
    total -= bytesOf(entry);
    buffered.delete(response);
  }

  /** Returns false if no connection is slow. */
  function closeSlowest(): boolean {
    const now = performance.now();
    const minMs = total > FAR_ABOVE_LIMIT * maxBytes ? 0 : SLOW_AFTER_MS;
    let slowest: ServerResponse | undefined;
    let largest = 0;
    for (const [response, entry] of buffered) {
      const ms = now - entry.changedAt;
      const product = bytesOf(entry) * (ms + 1);
      if (ms >= minMs && product > largest) [slowest, largest] = [response, product];
    }
    if (slowest === undefined) return false;
    const { socket } = slowest.req;
    // The other responses are those to pipelined requests.
    for (const response of buffered.keys()) if (response.req.socket === socket) forget(response);
    socket.destroy();
    onClose();
    return true;
  }

  return {
    get bufferedBytes(): number {
      return total;
    },

    /** Counts a request. Closes the connection and returns false if it already has too many unanswered requests. */
    begin(request: IncomingMessage, response: ServerResponse): boolean {
      const { socket } = request;
      const unanswered = (pipelined.get(socket) ?? 0) + 1;
      if (unanswered > MAX_PIPELINED) {
        socket.destroy();
        onClose();
        return false;
      }
      pipelined.set(socket, unanswered);
      response.once("close", () => {
        pipelined.set(socket, (pipelined.get(socket) ?? 1) - 1);
        forget(response);
      });
      const length = expectedLengthOf(request);
      if (length > 0) {
        setBytes(response, "body", length);
        request.once("end", () => setBytes(response, "body", 0));
      }
      return true;
    },

    /**
     * Call this after each write, because the process buffers every byte that the kernel has not accepted. A WebSocket
     * connection passes its own number of bytes under the response to its handshake.
     */
    recordWrite(response: ServerResponse, unsent = response.writableLength): void {
      if (unsent > 0 || buffered.has(response)) setBytes(response, "unsent", unsent);
    },

    recordCompressor(response: ServerResponse, bytes: number): void {
      setBytes(response, "compressor", bytes);
    },
  };
}

function bytesOf({ body, compressor, unsent }: Buffered): number {
  return body + compressor + unsent;
}

/** A body of unknown length counts as the longest allowed body. */
function expectedLengthOf({ headers }: IncomingMessage): number {
  if (headers["transfer-encoding"] !== undefined) return MAX_BODY_BYTES;
  return Math.min(Number(headers["content-length"] ?? 0), MAX_BODY_BYTES);
}
