const COLUMNS = [
  ["", (row) => row.name],
  [
    "CPU ms (range)",
    ({ totalMs, measured, unit }) => (measured ? `${withRange(measured)} ${unit}` : withRange(totalMs)),
  ],
  ["node", ({ nodeMs }) => number(nodeMs?.median)],
  ["postgres", ({ postgresMs }) => number(postgresMs?.median)],
  ["ratio (range)", ({ ratio, against }) => (ratio ? `${withRange(ratio)} × ${against}` : "")],
  ["per s", ({ perSecond }) => number(perSecond?.median)],
  ["p50/p99 ms", ({ p50Ms, p99Ms }) => (p50Ms ? `${number(p50Ms.median)}/${number(p99Ms.median)}` : "")],
  ["goal", ({ goals }) => goals.map(({ text, verdict }) => `${text}: ${verdict.toUpperCase()}`).join("; ")],
];

/** The rows of a benchmark as cells, for the terminal and for Markdown. */
export function cellsOf(work) {
  return work.rows.map((row) => COLUMNS.map(([, cell]) => cell(row)));
}

export const HEADINGS = COLUMNS.map(([heading]) => heading);

/** The lines below the rows of a benchmark: notices, and the winner if there is one. */
export function remarksOf({ winner, notices, failure }) {
  const remarks = [...notices];
  if (failure !== undefined) remarks.push(`FAILED: ${failure}`);
  if (winner) remarks.push(`least CPU, outside the noise: ${winner}`);
  else if (winner === null) remarks.push("least CPU: no winner outside the noise");
  return remarks;
}

export function printTable({ works }) {
  const cells = works.flatMap(cellsOf);
  const widths = HEADINGS.map((heading, column) => Math.max(heading.length, ...cells.map((row) => row[column].length)));
  const line = (row) => `  ${row.map((cell, column) => cell.padEnd(widths[column])).join("  ")}`.trimEnd();
  console.log(`\n${line(HEADINGS)}`);
  for (const work of works) {
    console.log(`\n${work.title}`);
    for (const row of cellsOf(work)) console.log(line(row));
    for (const remark of remarksOf(work)) console.log(`  ${remark}`);
  }
}

function withRange(stat) {
  if (stat === undefined) return "";
  return `${number(stat.median)} (${number(stat.min)}–${number(stat.max)})`;
}

function number(value) {
  if (value === undefined) return "";
  if (value >= 100) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(2);
}
