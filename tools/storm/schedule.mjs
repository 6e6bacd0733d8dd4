/** Nothing happens in the first moments, while the server opens its pool. */
const CALM_MS = 500;

/**
 * The faults of a run in their order. Each kind is spread evenly, every one anywhere within its own share of the time;
 * those that last stay in the middle half of it, so that one is over before the next begins.
 */
export function scheduleOf(random, seconds, faults) {
  return faults
    .flatMap(({ kind, perMinute, ms = 0 }) => {
      const count = Math.round((perMinute * seconds) / 60);
      const share = (seconds * 1000 - CALM_MS - ms) / count;
      return Array.from({ length: count }, (_, index) => {
        const within = ms === 0 ? random() : 0.25 + random() / 2;
        return { kind, ms, at: CALM_MS + (index + within) * share };
      });
    })
    .sort((one, other) => one.at - other.at);
}
