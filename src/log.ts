import { type DestinationStream, pino } from "pino";
import type { LogLevel } from "./config.ts";

export type Log = ReturnType<typeof openLog>;

/** Long enough for any stack of ours, short enough for one line: a Postgres message has been seen at 2.5 MB. */
const MAX_ERROR_LENGTH = 2000;

/** JSON lines on standard error; standard output is for people. */
export function openLog(level: LogLevel, destination: DestinationStream = pino.destination({ dest: 2, sync: true })) {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: describeError } },
    destination,
  );
}

/**
 * Names and codes, and the stack's places. Never the message of a driver's or drizzle's error: those carry the statement,
 * its parameters or a row, and with them somebody's address.
 */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code } = error as { code?: unknown };
  const places = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return {
    type: error.constructor.name,
    ...(typeof code === "string" ? { code: code.slice(0, 40) } : {}),
    at: places.join("\n").slice(0, MAX_ERROR_LENGTH),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}
