import type { Writable } from "node:stream";

/** The error when the reader disconnects or reads too slowly. */
export class ReaderGone extends Error {}

export interface ReaderLimits {
  /** A reader that reads nothing for this long is disconnected. */
  readonly maxStallMs: number;
  /** A reader slower than this gradually uses up `maxStallMs`, and faster reading restores it. */
  readonly minBytesPerSecond: number;
}

/**
 * Returns a function that writes text and resolves when the stream accepts more text, without a timeout if there are no
 * limits. One `drain` listener serves the whole stream, because `compression` never removes the listeners that it forwards.
 */
export function createBackpressureWriter(stream: Writable, limits: ReaderLimits | null) {
  let resume = () => {};
  let streamError: Error | null = null;
  let allowedStallMs = limits === null ? Number.POSITIVE_INFINITY : limits.maxStallMs;
  const close = (error?: NodeJS.ErrnoException) => {
    const isOfReader = error === undefined || error.code === "EPIPE" || error.code === "ECONNRESET";
    streamError ??= isOfReader ? new ReaderGone("the reader disconnected") : error;
    resume();
  };
  // A stream that is already closed does not emit `close` again.
  if (stream.closed) close();
  stream.on("drain", () => resume());
  stream.on("close", () => close());
  stream.on("error", close);

  async function waitForDrain(): Promise<void> {
    const startedAt = performance.now();
    await new Promise<void>((resolve, reject) => {
      const disconnect = () => reject(new ReaderGone("the reader reads too slowly"));
      // Node treats an infinite delay as one millisecond.
      const timer = limits === null ? undefined : setTimeout(disconnect, Math.max(0, allowedStallMs));
      resume = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    allowedStallMs -= performance.now() - startedAt;
  }

  return async (text: string): Promise<void> => {
    if (streamError !== null) throw streamError;
    if (limits !== null) {
      const earnedMs = (Buffer.byteLength(text) / limits.minBytesPerSecond) * 1000;
      allowedStallMs = Math.min(limits.maxStallMs, allowedStallMs + earnedMs);
    }
    if (stream.write(text)) return;
    await waitForDrain();
    if (streamError !== null) throw streamError;
  };
}
