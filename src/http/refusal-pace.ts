/** So many refusals per second are answered at once. */
const MAX_AT_ONCE_PER_SECOND = 100;
const PAUSE_MS = 250;
const REFUSALS: ReadonlySet<number> = new Set([401, 429, 503]);

/**
 * A client that ignores refusals sends its next request as soon as it has the response. Many such clients would keep the
 * event loop busy with refusals alone, so each of them waits for its response.
 */
export function openRefusalPace() {
  let secondEndsAt = 0;
  let refusals = 0;
  return (status: number, answer: () => void): void => {
    if (!REFUSALS.has(status)) {
      answer();
      return;
    }
    const now = performance.now();
    if (now > secondEndsAt) {
      secondEndsAt = now + 1000;
      refusals = 0;
    }
    refusals += 1;
    if (refusals <= MAX_AT_ONCE_PER_SECOND) answer();
    else setTimeout(answer, PAUSE_MS);
  };
}
