/** @typedef {{ median: number, min: number, max: number, samples: number }} Stat */

/** With fewer rounds than this, two ranges are too often separate by chance. */
const FEWEST_SAMPLES = 3;

export function statOf(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted[sorted.length - 1], samples: sorted.length };
}

/** Ratios within each round, in which both ran under the same conditions. */
export function ratioOf(samples, reference, figure) {
  return statOf(samples.map((sample, round) => sample[figure] / reference[round][figure]));
}

/** Returns "less", "more", or "within the noise" if the ranges overlap or there are too few rounds. */
export function compare(one, other) {
  if (Math.min(one.samples, other.samples) < FEWEST_SAMPLES) return "within the noise";
  if (one.max < other.min) return "less";
  if (one.min > other.max) return "more";
  return "within the noise";
}
