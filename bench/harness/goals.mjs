import { compare } from "./statistics.mjs";

/** @import { Goal, Row } from "../types.ts" */
/** @typedef {"totalMs" | "perSecond"} Figure */

/**
 * Adds the goal that the median of the row's ratio is at most `limit`.
 * @param {Row} row
 * @param {number} limit
 */
export function limitRatio({ name, ratio, against, goals }, limit) {
  if (ratio === undefined) throw new Error(`the row "${name}" has no ratio`);
  goals.push({ text: `at most ${limit} × ${against}`, verdict: ratio.median <= limit ? "met" : "missed" });
}

/**
 * @param {number} value
 * @param {number} limit
 * @param {string} text
 * @returns {Goal}
 */
export function under(value, limit, text) {
  return { text, verdict: value < limit ? "met" : "missed" };
}

/**
 * A goal that is met only if the ranges of our row and of the peers do not overlap.
 * @param {Row} ours
 * @param {Row[]} peers
 * @param {{ figure: Figure, better: "less" | "more", text: string }} goal
 * @returns {Goal}
 */
export function ahead(ours, peers, { figure, better, text }) {
  const outcomes = peers.map((peer) => compare(figureOf(ours, figure), figureOf(peer, figure)));
  if (outcomes.every((outcome) => outcome === better)) return { text, verdict: "met" };
  const lost = outcomes.some((outcome) => outcome !== better && outcome !== "within the noise");
  return { text, verdict: lost ? "missed" : "within the noise" };
}

/**
 * The name of the row with the least CPU, or null if the ranges of the first two overlap.
 * @param {readonly Row[]} rows
 */
export function winnerOf(rows) {
  const totals = rows.map((row) => ({ name: row.name, total: figureOf(row, "totalMs") }));
  const [first, second] = totals.sort((one, other) => one.total.median - other.total.median);
  if (first === undefined || second === undefined) return null;
  return compare(first.total, second.total) === "less" ? first.name : null;
}

/**
 * @param {Row} row
 * @param {Figure} figure
 */
function figureOf(row, figure) {
  const stat = row[figure];
  if (stat === undefined) throw new Error(`the row "${row.name}" has no ${figure}`);
  return stat;
}
