/** @import { Sample, Stat } from "../types.ts" */

/** With fewer rounds than this, two ranges are too often separate by chance. */
const FEWEST_SAMPLES = 3;

/**
 * @param {readonly number[]} values
 * @returns {Stat}
 */
export function statOf(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted[sorted.length - 1], samples: sorted.length };
}

/**
 * The ratios within each round, in which both ran under the same conditions.
 * @param {readonly Sample[]} samples
 * @param {readonly Sample[]} reference
 * @param {"totalMs" | "perSecond"} figure
 */
export function ratioOf(samples, reference, figure) {
  return statOf(
    samples.map((sample, round) => (sample[figure] ?? Number.NaN) / (reference[round][figure] ?? Number.NaN)),
  );
}

/**
 * Returns "within the noise" if the ranges overlap or there are too few rounds.
 * @param {Stat} one
 * @param {Stat} other
 */
export function compare(one, other) {
  if (Math.min(one.samples, other.samples) < FEWEST_SAMPLES) return "within the noise";
  if (one.max < other.min) return "less";
  if (one.min > other.max) return "more";
  return "within the noise";
}
