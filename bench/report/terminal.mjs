/** @import { Report, ReportedResult, Row, Stat } from "../types.ts" */

/**
 * The heading and the text of each column.
 * @type {[string, (row: Row) => string][]}
 */
const COLUMNS = [
  ["", (row) => row.name],
  [
    "CPU ms (range)",
    ({ totalMs, measured, unit }) => (measured ? `${withRange(measured)} ${unit}` : withRange(totalMs)),
  ],
  ["node", ({ nodeMs }) => number(nodeMs?.median)],
  ["postgres", ({ postgresMs }) => number(postgresMs?.median)],
  ["pgbouncer", ({ pgbouncerMs }) => number(pgbouncerMs?.median)],
  ["nginx", ({ nginxMs }) => number(nginxMs?.median)],
  ["ratio (range)", ({ ratio, against }) => (ratio ? `${withRange(ratio)} × ${against}` : "")],
  ["per s", ({ perSecond }) => number(perSecond?.median)],
  ["p50/p99 ms", ({ p50Ms, p99Ms }) => (p50Ms ? `${number(p50Ms.median)}/${number(p99Ms?.median)}` : "")],
  ["goal", ({ goals }) => goals.map(({ text, verdict }) => `${text}: ${verdict.toUpperCase()}`).join("; ")],
];

/** Columns without a figure in most workloads, which then do not show them. */
const OPTIONAL_HEADINGS = ["pgbouncer", "nginx"];

/**
 * The headings and the rows of a workload as cells, for the terminal and for Markdown.
 * @param {ReportedResult} workload
 */
export function tableOf(workload) {
  const columns = COLUMNS.filter(
    ([heading, cell]) => !OPTIONAL_HEADINGS.includes(heading) || workload.rows.some((row) => cell(row) !== ""),
  );
  return {
    headings: columns.map(([heading]) => heading),
    cells: workload.rows.map((row) => columns.map(([, cell]) => cell(row))),
  };
}

/**
 * The lines below the rows of a workload: notices, and the winner if there is one.
 * @param {ReportedResult} workload
 */
export function remarksOf({ winner, notices, failure }) {
  const remarks = [...notices];
  if (failure !== undefined) remarks.push(`FAILED: ${failure}`);
  if (winner) remarks.push(`least CPU, outside the noise: ${winner}`);
  else if (winner === null) remarks.push("least CPU: no winner outside the noise");
  return remarks;
}

/** @param {Report} report */
export function printReport({ workloads }) {
  for (const workload of workloads) {
    const { headings, cells } = tableOf(workload);
    const widths = headings.map((heading, column) =>
      Math.max(heading.length, ...cells.map((row) => row[column].length)),
    );
    const line = (row) => `  ${row.map((cell, column) => cell.padEnd(widths[column])).join("  ")}`.trimEnd();
    console.log(`\n${workload.title}`);
    for (const row of [headings, ...cells]) console.log(line(row));
    for (const remark of remarksOf(workload)) console.log(`  ${remark}`);
  }
}

/** @param {Stat | undefined} stat */
function withRange(stat) {
  if (stat === undefined) return "";
  return `${number(stat.median)} (${number(stat.min)}–${number(stat.max)})`;
}

/** @param {number | undefined} value */
function number(value) {
  if (value === undefined) return "";
  if (value >= 100) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(2);
}
