import { compare } from "./statistics.mjs";

/** @typedef {{ text: string, verdict: "met" | "missed" | "within the noise" | "not available" }} Goal */

/** A goal for the median. The report also shows the range. */
export function atMost(stat, limit, what) {
  return { text: `at most ${limit} × ${what}`, verdict: stat.median <= limit ? "met" : "missed" };
}

export function under(value, limit, text) {
  return { text, verdict: value < limit ? "met" : "missed" };
}

/** A goal that is met only if the ranges do not overlap. `better` is "less" or "more". */
export function ahead(ours, rivals, { figure, better, text }) {
  const outcomes = rivals.map((rival) => compare(ours[figure], rival[figure]));
  if (outcomes.every((outcome) => outcome === better)) return { text, verdict: "met" };
  const lost = outcomes.some((outcome) => outcome !== better && outcome !== "within the noise");
  return { text, verdict: lost ? "missed" : "within the noise" };
}

/** The name of the row with the smallest figure, or null if the ranges of the first two overlap. */
export function winnerOf(rows, figure) {
  const [first, second] = [...rows].sort((one, other) => one[figure].median - other[figure].median);
  if (first === undefined || second === undefined) return null;
  return compare(first[figure], second[figure]) === "less" ? first.name : null;
}
