const SAMPLE_MS = 20;
/** The event loop is busy if it works for more than this share of a sample. */
const BUSY_SHARE = 0.7;

/** Returns a function that tells whether the event loop was busy in the last complete sample. A call only reads the clock. */
export function createLoadMeter(): () => boolean {
  let sampledAt = performance.now();
  let sample = performance.eventLoopUtilization();
  let isBusy = false;
  return () => {
    const now = performance.now();
    if (now - sampledAt < SAMPLE_MS) return isBusy;
    const next = performance.eventLoopUtilization();
    isBusy = performance.eventLoopUtilization(next, sample).utilization > BUSY_SHARE;
    sample = next;
    sampledAt = now;
    return isBusy;
  };
}
