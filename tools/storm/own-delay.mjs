import { monitorEventLoopDelay } from "node:perf_hooks";

/** The maximum time of a response. A machine that stands still this long makes every response late. */
const WINDOW_MS = 2000;

/**
 * Above this delay a busy machine may be the cause of a late response, so the run is repeated. It does not prove that the
 * machine was the cause.
 */
export const MAX_OWN_DELAY_MS = 60;

/**
 * Measures how late the timers of this process are: the 99th percentile of the worst two seconds. Faults of the server do not
 * delay them, but a busy machine does.
 */
export function watchOwnDelay() {
  const delays = monitorEventLoopDelay({ resolution: 5 });
  let worst = 0;
  const endWindow = () => {
    worst = Math.max(worst, delays.percentile(99) / 1e6);
    delays.reset();
  };
  const windows = setInterval(endWindow, WINDOW_MS);
  delays.enable();

  return {
    stop() {
      clearInterval(windows);
      endWindow();
      delays.disable();
      return worst;
    },
  };
}
