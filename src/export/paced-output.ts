import type { Writable } from "node:stream";

/** The error when the reader disconnects or reads too slowly. */
export class ReaderGone extends Error {}

export interface ReaderLimits {
  /** A reader that takes nothing for this long is disconnected. */
  readonly maxStallMs: number;
  /** A reader slower than this uses up `maxStallMs` step by step, and faster reading restores it. */
  readonly minBytesPerSecond: number;
}

/**
 * Writes at the reader's speed: each write resolves when there is room for the next one, and waits forever without limits.
 * One `drain` listener serves the whole stream, because `compression` never removes the listeners that it forwards.
 */
export function openPacedOutput(stream: Writable, limits: ReaderLimits | null) {
  let wake = () => {};
  let end: Error | null = null;
  let patienceMs = limits === null ? Number.POSITIVE_INFINITY : limits.maxStallMs;
  const leave = (error?: NodeJS.ErrnoException) => {
    const isOfReader = error === undefined || error.code === "EPIPE" || error.code === "ECONNRESET";
    end ??= isOfReader ? new ReaderGone("the reader hung up") : error;
    wake();
  };
  // A stream that is already closed does not emit `close` again.
  if (stream.closed) leave();
  stream.on("drain", () => wake());
  stream.on("close", () => leave());
  stream.on("error", leave);

  async function waitForRoom(): Promise<void> {
    const startedAt = performance.now();
    await new Promise<void>((resolve, reject) => {
      const giveUp = () => reject(new ReaderGone("the reader reads too slowly"));
      // Node treats an infinite delay as one millisecond.
      const timer = limits === null ? undefined : setTimeout(giveUp, Math.max(0, patienceMs));
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    patienceMs -= performance.now() - startedAt;
  }

  return async (text: string): Promise<void> => {
    if (end !== null) throw end;
    if (limits !== null) {
      const earnedMs = (Buffer.byteLength(text) / limits.minBytesPerSecond) * 1000;
      patienceMs = Math.min(limits.maxStallMs, patienceMs + earnedMs);
    }
    if (stream.write(text)) return;
    await waitForRoom();
    if (end !== null) throw end;
  };
}
