const SAMPLE_MS = 20;
/** The share of its time that the event loop works, above which requests begin to wait for each other. */
const BUSY_SHARE = 0.7;

/** Whether the event loop was busy in the last complete sample. Costs a clock reading for each call. */
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
