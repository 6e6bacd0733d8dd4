import { flushLog, type Log } from "./log.ts";

/**
 * Without these listeners Node prints the error, with a driver's text or an address in it, and ends in the middle of every
 * request. A rejected promise that was not awaited belongs to one request, so the process goes on serving the others.
 */
export function stopOnUncaught(log: Log, stop: () => void): void {
  process.on("uncaughtException", (error) => {
    log.fatal({ err: error }, "uncaught error, stopping");
    stop();
  });
  process.on("unhandledRejection", (reason) => {
    log.error({ err: reason }, "unhandled rejection, report it: the process goes on");
  });
}

/** Whatever happens to standard output and standard error, the process goes on. */
export function surviveBrokenOutput(log: Log): void {
  process.stdout.on("error", () => {});
  // Node writes warnings itself, and waits for a reader that stalls.
  process.removeAllListeners("warning");
  process.on("warning", (warning) => log.warn({ err: warning }, "a warning of Node.js"));
}

/** With the exit code of the first who asks. */
export function stopOnce(log: Log, close: () => Promise<void>): (code: number) => void {
  let stopping = false;
  return (code) => {
    if (stopping) return;
    stopping = true;
    close().then(
      () => exit(code),
      (error) => {
        log.error({ err: error }, "stopping failed");
        return exit(1);
      },
    );
  };
}

/** Pending log lines would be lost, or a reader that stalls would keep the process. */
export async function exit(code: number): Promise<never> {
  await flushLog();
  process.exit(code);
}
