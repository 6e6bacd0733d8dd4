/** No fault in the first moments, while the server opens its pool. */
const FIRST_FAULT_MS = 500;

/**
 * The faults of a run, ordered by time and spread evenly by kind: every fault has a random moment in a slot of its own.
 * Faults that last begin in the middle half of their slot, so that they never overlap.
 */
export function scheduleOf(random, seconds, faults) {
  return faults
    .flatMap(({ kind, perMinute, ms = 0 }) => {
      const count = Math.round((perMinute * seconds) / 60);
      const share = (seconds * 1000 - FIRST_FAULT_MS - ms) / count;
      return Array.from({ length: count }, (_, index) => {
        const within = ms === 0 ? random() : 0.25 + random() / 2;
        return { kind, ms, at: FIRST_FAULT_MS + (index + within) * share };
      });
    })
    .sort((one, other) => one.at - other.at);
}
