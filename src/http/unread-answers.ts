import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Of one process. 500 pages of 100 jobs; an answer that its caller reads leaves at once. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;

/** A younger answer may be on its way to a caller who reads, unless there is several times too much. */
const SLOW_AFTER_MS = 1000;
const TIMES_TOO_MUCH = 4;

/** A body of unknown length counts as the longest that is read. */
const MAX_BODY_BYTES = 100 * 1024;

/** The requests that one connection may send without having read the answers. Browsers and Node send one. */
const MAX_PIPELINED = 500;

interface Held {
  body: number;
  compressing: number;
  unsent: number;
  /** When the reader last took something, a moment of `performance.now()`. */
  since: number;
}

interface UnreadOptions {
  readonly maxBytes?: number | undefined;
  readonly onCut?: () => void;
}

export type UnreadAnswers = ReturnType<typeof openUnreadAnswers>;

/**
 * Bounds what a process holds for slow callers in total: answers that were written and not yet taken by the
 * kernel, what is being compressed, and bodies that are still arriving. Beyond the limit the connection that has
 * held the most bytes for the longest time is closed, so that a new request is always served.
 */
export function openUnreadAnswers({ maxBytes = MAX_HELD_BYTES, onCut = () => {} }: UnreadOptions = {}) {
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

  /** Whether there was one that is slow. */
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

    /** False, and the connection is closed, where it has too many requests under way. */
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

    /** To be called after each write: what the kernel has not taken is held by this process. */
    noteWritten(response: ServerResponse): void {
      const unsent = response.writableLength;
      if (unsent > 0 || held.has(response)) change(response, "unsent", unsent);
    },

    noteCompressing(response: ServerResponse, bytes: number): void {
      change(response, "compressing", bytes);
    },
  };
}
