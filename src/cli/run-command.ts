import { reasonOf } from "../db/error-reason.ts";
import { printableLines } from "../values/printable.ts";
import { isUuid } from "../values/uuid.ts";
import { programVersion } from "../values/version.ts";

/** An error in the arguments of a command. */
export class UsageError extends Error {}

/** The exit codes are part of the documented behaviour: docs/importing.md lists them. */
const FAILED = 1;
const WRONG_ARGUMENTS = 2;
/** Shells use 128 plus the signal number, and SIGINT is signal 2. */
export const STOPPED = 130;

interface Command {
  /** The npm script that runs the command. */
  readonly script: string;
  /** The text that `--help` prints. */
  readonly usage: string;
  readonly run: () => Promise<void>;
}

/** Runs a command and sets the exit code. An error is printed as one message, never as a stack or an SQL statement. */
export async function runCommand({ script, usage, run }: Command): Promise<void> {
  const options = process.argv.slice(2);
  if (options.includes("--version")) {
    console.log(programVersion());
    return;
  }
  if (options.includes("--help") || options.includes("-h")) {
    console.log(usage);
    return;
  }
  try {
    await run();
  } catch (error) {
    const fault = usageFaultOf(error);
    const message = fault === null ? messageOf(error) : `${fault}\nFor help, run: npm run ${script} -- --help`;
    console.error(printableLines(message));
    process.exitCode = fault === null ? FAILED : WRONG_ARGUMENTS;
  }
}

/** Returns a signal that the first SIGINT or SIGTERM aborts. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  process.once("SIGTERM", () => stop.abort());
  return stop.signal;
}

export const DELETION_WAITS =
  "Waiting: another program has locked rows that are to be deleted. The deletion continues when they are free.";

/** Returns a function that prints the message at its first call only. */
export function reportWaiting(message: string, print = (text: string): void => console.error(text)): () => void {
  let isReported = false;
  return () => {
    if (isReported) return;
    isReported = true;
    print(message);
  };
}

/** `parseArgs` adds hints for programmers after its first sentence, so only that sentence is printed. */
function usageFaultOf(error: unknown): string | null {
  const { code, message } = error as { code?: unknown; message: string };
  if (error instanceof UsageError) return message;
  if (typeof code !== "string" || !code.startsWith("ERR_PARSE_ARGS")) return null;
  return `${message.split(/\.\s/)[0]}.`;
}

/** The message of a driver error contains the statement and its parameters, so only its code is printed. */
function messageOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const isOfDriver = code !== undefined || String(message).startsWith("Failed query");
  return isOfDriver ? `The command failed: ${reasonOf(error)}.` : String(message ?? error);
}

export function requireUserId(option: string | undefined): string {
  return requireUuid(option, "--user must be a UUID");
}

export function requireTaskId(argument: string | undefined): string {
  return requireUuid(argument, "TASK must be the UUID of a task");
}

function requireUuid(text: string | undefined, rule: string): string {
  if (text === undefined || !isUuid(text)) throw new UsageError(rule);
  return text;
}

interface Action {
  readonly takesArgument: boolean;
  /** The arguments that the action takes, for the error message. */
  readonly rule: string;
}

/** Reads the action of a command, which is its first argument, and the argument of the action. */
export function readAction<Name extends string>(actions: Readonly<Record<Name, Action>>, positionals: string[]) {
  const [action, argument, ...more] = positionals;
  if (!isActionOf(actions, action)) {
    const names = new Intl.ListFormat("en-GB", { type: "disjunction" }).format(Object.keys(actions));
    throw new UsageError(`the first argument must be ${names}`);
  }
  const { takesArgument, rule } = actions[action];
  if ((argument !== undefined) !== takesArgument || more.length > 0) throw new UsageError(rule);
  return { action, argument: argument ?? "" };
}

function isActionOf<Name extends string>(
  actions: Readonly<Record<Name, Action>>,
  argument: string | undefined,
): argument is Name {
  return argument !== undefined && Object.hasOwn(actions, argument);
}
