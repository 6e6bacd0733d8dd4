import { LRUCache } from "lru-cache";
import { type DestinationStream, pino } from "pino";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";
export type Log = ReturnType<typeof createLog>;

/** The length of all stack frames of an error and its causes. It keeps a log line below 4 KB. */
const MAX_FRAMES_LENGTH = 2000;
const MAX_CAUSES = 4;
/** Connecting to a host with several addresses fails once for each address. */
const MAX_ERRORS = 3;

/** Limits the lines that wait for a slow reader to about 4,000. */
const MAX_QUEUED_CHARS = 1_000_000;
const MAX_FLUSH_MS = 500;

/** The names of the fields are those of OpenTelemetry for logs in JSON. */
export interface TraceFields {
  readonly trace_id: string;
  readonly span_id: string;
}

/** Lines may still be written after the response, so the traces of the last responses are kept. */
const MAX_RECENT_TRACES = 10_000;
const runningTraces = new Map<unknown, TraceFields>();
const recentTraces = new LRUCache<string, TraceFields>({ max: MAX_RECENT_TRACES });

/** Adds the trace to every line that has this request id. Returns a function to call at the end of the response. */
export function noteTrace(requestId: string, fields: TraceFields): () => void {
  runningTraces.set(requestId, fields);
  return () => {
    // A span of this server may have replaced the caller's.
    recentTraces.set(requestId, runningTraces.get(requestId) ?? fields);
    runningTraces.delete(requestId);
  };
}

/** The trace of a request that runs or has ended lately. */
export function traceOf(requestId: string): TraceFields | undefined {
  return runningTraces.get(requestId) ?? recentTraces.get(requestId);
}

function withTrace(line: Record<string, unknown>): Record<string, unknown> {
  if (runningTraces.size === 0 && recentTraces.size === 0) return line;
  const { requestId } = line;
  const trace = typeof requestId === "string" ? traceOf(requestId) : undefined;
  return trace === undefined ? line : { ...line, ...trace };
}

/** The error codes of PostgreSQL (`42P01`) and Node (`ECONNREFUSED`). Email addresses and API keys do not match. */
const CODE = /^[A-Z0-9_]{1,40}$/;
const STACK_FRAME = /^ +at .*:\d+:\d+\)?$/;

/** Writes JSON lines to standard error, because standard output contains text for people. */
export function createLog(level: LogLevel, destination: DestinationStream = standardError) {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: describeThrown },
      formatters: { log: withTrace },
    },
    destination,
  );
}

/**
 * Writes log lines and drops lines that cannot be written, so that a full disk or a stalled reader never stops the server.
 * Each line is one write, so that the lines of several workers do not mix in a shared pipe.
 */
export function createLogOutput(stream: Pick<NodeJS.WriteStream, "write" | "on" | "writableLength">) {
  const queue: string[] = [];
  let queuedChars = 0;
  let dropped = 0;
  let unreported = 0;
  let isLineCut = false;
  let onEmpty: (() => void)[] = [];
  // Each write handles its own error, but the process would exit without an `error` listener.
  stream.on("error", () => {});

  function drop(): void {
    dropped += 1;
    unreported += 1;
  }
  function writeNow(line: string): void {
    stream.write(line, (error) => {
      if (error) {
        drop();
        isLineCut = true;
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
    const separator = isLineCut ? "\n" : "";
    unreported = 0;
    isLineCut = false;
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

const standardError = createLogOutput(process.stderr);
export const droppedLogLines = standardError.dropped;
export const flushLog = standardError.flush;

/** The code of a statement that PostgreSQL or Citus does not support. Its message names the reason, but no value. */
const UNSUPPORTED = "0A000";
const MAX_MESSAGE_LENGTH = 300;

/**
 * Logs the class, the code and the stack frames of an error, but only one kind of message. Messages of the driver and of
 * drizzle contain statements, parameters or rows, and therefore email addresses.
 */
function describeThrown(thrown: unknown): object {
  let left = MAX_FRAMES_LENGTH;

  function describe(thrown: unknown, depth: number): object {
    if (!(thrown instanceof Error)) return { type: thrown === null ? "null" : typeof thrown };
    const { code, cause, errors } = thrown as { code?: unknown; cause?: unknown; errors?: unknown };
    const isDeepest = depth >= MAX_CAUSES;
    const at = framesOf(thrown).slice(0, isDeepest || cause === undefined ? left : left / 2);
    left -= at.length;
    return {
      type: thrown.constructor?.name,
      ...(typeof code === "string" && CODE.test(code) ? { code } : {}),
      ...(code === UNSUPPORTED ? { message: thrown.message.slice(0, MAX_MESSAGE_LENGTH) } : {}),
      at,
      ...(isDeepest || cause === undefined ? {} : { cause: describe(cause, depth + 1) }),
      ...(isDeepest || !Array.isArray(errors)
        ? {}
        : { errors: errors.slice(0, MAX_ERRORS).map((each) => describe(each, depth + 1)) }),
    };
  }

  return describe(thrown, 0);
}

/** The stack starts with the message, whose lines may look like stack frames. */
function framesOf({ stack = "", message }: Error): string {
  const messageAt = stack.indexOf(message);
  return stack
    .slice(messageAt === -1 ? 0 : messageAt + message.length)
    .split("\n")
    .filter((line) => STACK_FRAME.test(line))
    .join("\n");
}
