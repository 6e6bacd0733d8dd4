import { type DestinationStream, pino } from "pino";
import type { LogLevel } from "./config.ts";

export type Log = ReturnType<typeof openLog>;

/** Of an error with all its causes: some frames of each, and the line stays under 4 KB. */
const MAX_PLACES_LENGTH = 2000;
const MAX_CAUSES = 4;
/** A host with several addresses fails once for each of them. */
const MAX_PARTS = 3;

/** The limit of the lines that wait for a slow reader, some 4,000 lines. */
const MAX_QUEUED_CHARS = 1_000_000;
const MAX_FLUSH_MS = 500;

/** Postgres' `42P01`, Node's `ECONNREFUSED`. No address or key looks like one. */
const CODE = /^[A-Z0-9_]{1,40}$/;
const PLACE = /^ +at .*:\d+:\d+\)?$/;

/** JSON lines on standard error; standard output is for people. */
export function openLog(level: LogLevel, destination: DestinationStream = standardError) {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: describeThrown } },
    destination,
  );
}

/**
 * Writes log lines and drops lines that cannot be written, so that a full disk or a stalled reader never stops the server.
 * Each line is one write, so that lines of several workers in one pipe are not mixed.
 */
export function openLogOutput(stream: Pick<NodeJS.WriteStream, "write" | "on" | "writableLength">) {
  const queue: string[] = [];
  let queuedChars = 0;
  let dropped = 0;
  let unreported = 0;
  let isTorn = false;
  let onEmpty: (() => void)[] = [];
  // Each write handles its own error, but without a listener the process would exit.
  stream.on("error", () => {});

  function drop(): void {
    dropped += 1;
    unreported += 1;
  }
  function writeNow(line: string): void {
    stream.write(line, (error) => {
      if (error) {
        drop();
        isTorn = true;
      } else if (unreported > 0 && queue.length === 0) reportDropped();
      writeQueued();
    });
  }
  function writeQueued(): void {
    while (queue.length > 0 && stream.writableLength === 0) {
      const line = queue.shift() ?? "";
      queuedChars -= line.length;
      writeNow(line);
    }
    if (queue.length > 0 || stream.writableLength > 0) return;
    for (const resolve of onEmpty) resolve();
    onEmpty = [];
  }
  function reportDropped(): void {
    const line = { level: 40, time: new Date().toISOString(), dropped: unreported, msg: "log lines were dropped" };
    // Start a new line, because a full disk may have cut the previous line.
    const separator = isTorn ? "\n" : "";
    unreported = 0;
    isTorn = false;
    writeNow(`${separator}${JSON.stringify(line)}\n`);
  }

  return {
    write(line: string): void {
      if (queue.length === 0 && stream.writableLength === 0) writeNow(line);
      else if (queuedChars + line.length > MAX_QUEUED_CHARS) drop();
      else {
        queue.push(line);
        queuedChars += line.length;
      }
    },
    dropped: () => dropped,
    /** Resolves when all lines are written, or after a short time if the reader is stalled. */
    async flush(): Promise<void> {
      if (queue.length === 0 && stream.writableLength === 0) return;
      await new Promise<void>((resolve) => {
        onEmpty.push(resolve);
        setTimeout(resolve, MAX_FLUSH_MS);
      });
    },
  };
}

const standardError = openLogOutput(process.stderr);
export const droppedLogLines = standardError.dropped;
export const flushLog = standardError.flush;

/**
 * Names and codes, and the stack's places. Never the message of a driver's or drizzle's error: those carry the statement,
 * its parameters or a row, and with them somebody's address; one of 2.5 MB has been seen.
 */
function describeThrown(thrown: unknown): object {
  let left = MAX_PLACES_LENGTH;

  function describe(thrown: unknown, depth: number): object {
    if (!(thrown instanceof Error)) return { type: thrown === null ? "null" : typeof thrown };
    const { code, cause, errors } = thrown as { code?: unknown; cause?: unknown; errors?: unknown };
    const isDeepest = depth >= MAX_CAUSES;
    const at = placesOf(thrown).slice(0, isDeepest || cause === undefined ? left : left / 2);
    left -= at.length;
    return {
      type: thrown.constructor?.name,
      ...(typeof code === "string" && CODE.test(code) ? { code } : {}),
      at,
      ...(isDeepest || cause === undefined ? {} : { cause: describe(cause, depth + 1) }),
      ...(isDeepest || !Array.isArray(errors)
        ? {}
        : { errors: errors.slice(0, MAX_PARTS).map((part) => describe(part, depth + 1)) }),
    };
  }

  return describe(thrown, 0);
}

/** The stack begins with the message, whose lines may look like places. */
function placesOf({ stack = "", message }: Error): string {
  const messageAt = stack.indexOf(message);
  return stack
    .slice(messageAt === -1 ? 0 : messageAt + message.length)
    .split("\n")
    .filter((line) => PLACE.test(line))
    .join("\n");
}
