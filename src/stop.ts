import type { Log } from "./log.ts";

/** Node would print the error itself, with a driver's words and somebody's address, and end in the middle of every request. */
export function stopOnUncaught(log: Log, stop: () => void): void {
  // Unhandled rejections come this way too.
  process.on("uncaughtException", (error) => {
    log.fatal({ err: error }, "uncaught error, stopping");
    stop();
  });
}

/** With the exit code of the first who asks. */
export function stopOnce(log: Log, close: () => Promise<void>): (code: number) => void {
  let stopping = false;
  return (code) => {
    if (stopping) return;
    stopping = true;
    close().then(
      () => process.exit(code),
      (error) => {
        log.error({ err: error }, "stopping failed");
        process.exit(1);
      },
    );
  };
}
