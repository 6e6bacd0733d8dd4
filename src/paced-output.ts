import type { Writable } from "node:stream";

/** The reader hung up, or did not read for too long. */
export class ReaderGone extends Error {}

/**
 * Writes at the reader's speed: each write resolves when there is room for the next one. One listener for the whole
 * stream, since compression's wrapper hands `drain` listeners on and never takes them off again. Without a `maxStallMs` it
 * waits for ever.
 */
export function openPacedOutput(stream: Writable, maxStallMs: number | null) {
  let wake = () => {};
  let end: Error | null = null;
  const leave = (error?: NodeJS.ErrnoException) => {
    const isOfReader = error === undefined || error.code === "EPIPE" || error.code === "ECONNRESET";
    end ??= isOfReader ? new ReaderGone("the reader hung up") : error;
    wake();
  };
  stream.on("drain", () => wake());
  stream.on("close", () => leave());
  stream.on("error", leave);

  return async (text: string): Promise<void> => {
    if (end !== null) throw end;
    if (stream.write(text)) return;
    await new Promise<void>((resolve, reject) => {
      // Node takes an infinite delay for one of a millisecond.
      const stalled =
        maxStallMs === null
          ? undefined
          : setTimeout(() => reject(new ReaderGone("the reader stopped reading")), maxStallMs);
      wake = () => {
        clearTimeout(stalled);
        resolve();
      };
    });
    if (end !== null) throw end;
  };
}
