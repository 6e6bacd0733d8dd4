import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** The limit for one process, see `docs/decisions/limits.md`. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;

/** A younger response may belong to a caller who reads, so it is closed only when the limit is exceeded several times over. */
const SLOW_AFTER_MS = 1000;
const TIMES_TOO_MUCH = 4;

/** A body of unknown length counts as the longest allowed body. */
const MAX_BODY_BYTES = 100 * 1024;

/** The requests that one connection may send before it reads the responses. Browsers and Node send one. */
const MAX_PIPELINED = 500;

interface Held {
  body: number;
  compressing: number;
  unsent: number;
  /** The time (`performance.now()`) at which the client last read a part of the response. */
  since: number;
}

interface UnreadOptions {
  readonly maxBytes?: number | undefined;
  readonly onCut?: () => void;
}

export type BufferLimit = ReturnType<typeof createBufferLimit>;

/**
 * Limits the memory that slow callers hold in one process: unsent responses, compressors and unfinished request bodies.
 * Beyond the limit the connection with the most bytes held for the longest time is closed, so that others are served.
 */
export function createBufferLimit({ maxBytes = MAX_HELD_BYTES, onCut = () => {} }: UnreadOptions = {}) {
  const held = new Map<ServerResponse, Held>();
  const pipelined = new WeakMap<Socket, number>();
  let total = 0;
  let recheck: NodeJS.Timeout | undefined;

  function change(response: ServerResponse, part: "body" | "compressing" | "unsent", bytes: number): void {
    let entry = held.get(response);
    if (entry === undefined) {
      if (bytes === 0 || response.closed) return;
      entry = { body: 0, compressing: 0, unsent: 0, since: 0 };
      held.set(response, entry);
    }
    total += bytes - entry[part];
    entry[part] = bytes;
    entry.since = performance.now();
    cutWhatIsTooMuch();
  }

  function cutWhatIsTooMuch(): void {
    while (total > maxBytes && cutLongestHeld());
    if (total <= maxBytes || recheck !== undefined) return;
    recheck = setTimeout(() => {
      recheck = undefined;
      cutWhatIsTooMuch();
    }, SLOW_AFTER_MS).unref();
  }

  function release(response: ServerResponse): void {
    const entry = held.get(response);
    if (entry === undefined) return;
    total -= entry.body + entry.compressing + entry.unsent;
    held.delete(response);
  }

  /** Closes the connection that holds the most bytes for the longest time. Returns false if no connection is slow. */
  function cutLongestHeld(): boolean {
    const now = performance.now();
    const minMs = total > TIMES_TOO_MUCH * maxBytes ? 0 : SLOW_AFTER_MS;
    let longest: ServerResponse | undefined;
    let most = 0;
    for (const [response, { body, compressing, unsent, since }] of held) {
      const ms = now - since;
      const weight = (body + compressing + unsent) * (ms + 1);
      if (ms >= minMs && weight > most) [longest, most] = [response, weight];
    }
    if (longest === undefined) return false;
    release(longest);
    longest.req.socket.destroy();
    onCut();
    return true;
  }

  return {
    get heldBytes(): number {
      return total;
    },

    /** Counts a request. Closes the connection and returns false if it already has too many unanswered requests. */
    begin(request: IncomingMessage, response: ServerResponse): boolean {
      const { socket, headers } = request;
      const underWay = (pipelined.get(socket) ?? 0) + 1;
      if (underWay > MAX_PIPELINED) {
        socket.destroy();
        onCut();
        return false;
      }
      pipelined.set(socket, underWay);
      response.once("close", () => {
        pipelined.set(socket, (pipelined.get(socket) ?? 1) - 1);
        release(response);
      });
      const length =
        headers["transfer-encoding"] === undefined ? Number(headers["content-length"] ?? 0) : MAX_BODY_BYTES;
      if (length > 0) {
        change(response, "body", Math.min(length, MAX_BODY_BYTES));
        request.once("end", () => change(response, "body", 0));
      }
      return true;
    },

    /** Call this after each write: the process holds every byte that the kernel has not accepted. */
    noteWritten(response: ServerResponse): void {
      const unsent = response.writableLength;
      if (unsent > 0 || held.has(response)) change(response, "unsent", unsent);
    },

    noteCompressing(response: ServerResponse, bytes: number): void {
      change(response, "compressing", bytes);
    },
  };
}
