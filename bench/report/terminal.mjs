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
  ["p50/p99 ms", ({ p50Ms, p99Ms }) => (p50Ms ? `${number(p50Ms.median)}/${number(p99Ms.median)}` : "")],
  ["goal", ({ goals }) => goals.map(({ text, verdict }) => `${text}: ${verdict.toUpperCase()}`).join("; ")],
];

/** Columns that most benchmarks have no figure for, and then do not show. */
const OPTIONAL_HEADINGS = ["pgbouncer", "nginx"];

/** The headings and the rows of a benchmark as cells, for the terminal and for Markdown. */
export function tableOf(work) {
  const columns = COLUMNS.filter(
    ([heading, cell]) => !OPTIONAL_HEADINGS.includes(heading) || work.rows.some((row) => cell(row) !== ""),
  );
  return {
    headings: columns.map(([heading]) => heading),
    cells: work.rows.map((row) => columns.map(([, cell]) => cell(row))),
  };
}

/** The lines below the rows of a benchmark: notices, and the winner if there is one. */
export function remarksOf({ winner, notices, failure }) {
  const remarks = [...notices];
  if (failure !== undefined) remarks.push(`FAILED: ${failure}`);
  if (winner) remarks.push(`least CPU, outside the noise: ${winner}`);
  else if (winner === null) remarks.push("least CPU: no winner outside the noise");
  return remarks;
}

export function printTable({ works }) {
  for (const work of works) {
    const { headings, cells } = tableOf(work);
    const widths = headings.map((heading, column) =>
      Math.max(heading.length, ...cells.map((row) => row[column].length)),
    );
    const line = (row) => `  ${row.map((cell, column) => cell.padEnd(widths[column])).join("  ")}`.trimEnd();
    console.log(`\n${work.title}`);
    for (const row of [headings, ...cells]) console.log(line(row));
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
