import { monitorEventLoopDelay } from "node:perf_hooks";

/** As long as an answer may take: a machine that stands still for so long has nothing to answer with. */
const WINDOW_MS = 2000;

/**
 * Past this a late answer may be the machine's: seven storms without one had 18 to 106 ms, three with some 98 to 293. It does
 * not tell the two apart, it says that the run has to be repeated.
 */
export const MAX_OWN_DELAY_MS = 60;

/**
 * How late this process' own timers were at the 99th percentile of the worst two seconds. Nobody does anything to this
 * process, so that a fault of the server does not show here, and a busy machine does.
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
