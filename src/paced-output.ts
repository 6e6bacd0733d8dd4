import type { Writable } from "node:stream";

/** The reader hung up, or read too slowly. */
export class ReaderGone extends Error {}

export interface ReaderLimits {
  /** A reader that takes nothing for this long is disconnected. */
  readonly maxStallMs: number;
  /** A reader slower than this uses up that time little by little; what it reads earns time back, up to `maxStallMs`. */
  readonly minBytesPerSecond: number;
}

/**
 * Writes at the reader's speed: each write resolves when there is room for the next one. One `drain` listener serves the
 * whole stream, because compression's wrapper never removes the listeners it forwards. Without limits it waits for ever.
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
  // A stream that is closed already emits `close` no more.
  if (stream.closed) leave();
  stream.on("drain", () => wake());
  stream.on("close", () => leave());
  stream.on("error", leave);

  async function waitForRoom(): Promise<void> {
    const startedAt = performance.now();
    await new Promise<void>((resolve, reject) => {
      const giveUp = () => reject(new ReaderGone("the reader reads too slowly"));
      // Node treats an infinite delay as one of a millisecond.
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
