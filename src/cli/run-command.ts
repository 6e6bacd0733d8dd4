import { printableLines } from "../values/printable.ts";
import { programVersion } from "../values/version.ts";

/** The command line was wrong: said with the usage, exit code 2. */
export class UsageError extends Error {}

/** Runs a command to its exit code; what goes wrong is one message for a person, never a stack or a statement. */
export async function runCommand(usage: string, command: () => Promise<void>): Promise<void> {
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
    await command();
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    const isUsage = error instanceof UsageError || (typeof code === "string" && code.startsWith("ERR_PARSE_ARGS"));
    console.error(printableLines(isUsage ? `${message}\n\n${usage}` : messageForPeople(error)));
    process.exitCode = isUsage ? 2 : 1;
  }
}

/** What a shell expects after Ctrl-C. */
export const STOPPED = 130;

/** Aborted by the first SIGINT or SIGTERM. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  process.once("SIGTERM", () => stop.abort());
  return stop.signal;
}

/** A driver's error carries the statement and its parameters: only its code may be shown. */
function messageForPeople(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code !== undefined) return `The database or the system refused (${String(code)}).`;
  return String(message ?? error).startsWith("Failed query") ? "The database refused." : String(message ?? error);
}
