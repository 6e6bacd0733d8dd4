import { flushLog, type Log } from "../log.ts";

/**
 * Replaces Node's default, which prints the error message, possibly with an email address, and aborts all requests. An
 * unhandled rejection belongs to one request, so the process keeps serving the others.
 */
export function stopOnUncaught(log: Log, stop: () => void): void {
  process.on("uncaughtException", (error) => {
    log.fatal({ err: error }, "uncaught error, stopping");
    stop();
  });
  process.on("unhandledRejection", (reason) => {
    log.error({ err: reason }, "unhandled rejection: please report this bug; the process keeps running");
  });
}

/** Keeps the process running when standard output or standard error cannot be written. */
export function surviveBrokenOutput(log: Log): void {
  process.stdout.on("error", () => {});
  // Node would write warnings itself, and block on a stalled reader.
  process.removeAllListeners("warning");
  process.on("warning", (warning) => log.warn({ err: warning }, "Node.js emitted a warning"));
}

/** Closes everything once and exits with the code of the first call, which `close` receives. */
export function stopOnce(log: Log, close: (code: number) => Promise<void>): (code: number) => void {
  let stopping = false;
  return (code) => {
    if (stopping) return;
    stopping = true;
    close(code).then(
      () => exit(code),
      (error) => {
        log.error({ err: error }, "stopping failed");
        return exit(1);
      },
    );
  };
}

/** Writes pending log lines before the exit, but does not wait long for a stalled reader. */
export async function exit(code: number): Promise<never> {
  await flushLog();
  process.exit(code);
}
