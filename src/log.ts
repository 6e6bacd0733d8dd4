import { type DestinationStream, pino } from "pino";
import type { LogLevel } from "./config.ts";

export type Log = ReturnType<typeof openLog>;

/** Of an error with all its causes: some frames of each, and the line stays under 4 KB. */
const MAX_PLACES_LENGTH = 2000;
const MAX_CAUSES = 4;
/** A host with several addresses fails once for each of them. */
const MAX_PARTS = 3;

/** Postgres' `42P01`, Node's `ECONNREFUSED`. No address or key looks like one. */
const CODE = /^[A-Z0-9_]{1,40}$/;
const PLACE = /^ +at .*:\d+:\d+\)?$/;

/** JSON lines on standard error; standard output is for people. */
export function openLog(level: LogLevel, destination: DestinationStream = pino.destination({ dest: 2, sync: true })) {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: describeThrown } },
    destination,
  );
}

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

/** The innermost code or, without one, class: why a dependency did not answer, in one word, for a line a request. */
export function reasonOf(thrown: unknown): string {
  let reason = "unknown";
  for (let error = thrown, depth = 0; error instanceof Error && depth <= MAX_CAUSES; error = error.cause, depth += 1) {
    const { code } = error as { code?: unknown };
    reason = typeof code === "string" && CODE.test(code) ? code : error.constructor.name;
  }
  return reason;
}
