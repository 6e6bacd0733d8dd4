import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { drawChart } from "./chart.mjs";
import { remarksOf, tableOf } from "./terminal.mjs";

const BEGIN = "<!-- figures: written by `npm run bench` -->";
const END = "<!-- end of figures -->";

/** @import { Report, ReportedResult } from "../types.ts" */

/**
 * Writes the figures as JSON and as a chart, and into benchmarks.md if the directory contains it.
 * @param {Report} report
 * @param {string} directory
 */
export function writeReport(report, directory) {
  writeFileSync(`${directory}/benchmarks.json`, `${JSON.stringify(rounded(report), null, 2)}\n`);
  const chart = drawChart(report);
  if (chart !== null) writeFileSync(`${directory}/benchmarks.svg`, chart);
  const page = `${directory}/benchmarks.md`;
  if (existsSync(page)) writeFileSync(page, withFigures(readFileSync(page, "utf8"), markdownOf(report)));
  console.log(`\nWritten: ${directory}/benchmarks.*`);
}

function withFigures(page, figures) {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined)
    throw new Error("docs/measurements/benchmarks.md lacks the two comments that surround its figures");
  return `${before}${BEGIN}\n\n${figures}\n\n${END}${after}`;
}

/** @param {Report} report */
function markdownOf({ machine, options, workloads }) {
  const made =
    `${machine.cores} cores (${machine.cpu}), Node ${machine.node}, PostgreSQL ${machine.postgres}, commit ${machine.commit ?? "unknown"}; ` +
    `${options.rounds} rounds of ${options.seconds} s per cell.`;
  return [made, ...workloads.map(sectionOf)].join("\n\n");
}

/** @param {ReportedResult} workload */
function sectionOf(workload) {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const { headings, cells } = tableOf(workload);
  const table = [line(headings), line(headings.map(() => "---")), ...cells.map(line)].join("\n");
  const remarks = remarksOf(workload).map((remark) => `* ${remark}`);
  return [
    `### ${workload.title}`,
    ...(workload.rows.length > 0 ? [table] : []),
    ...(remarks.length > 0 ? [remarks.join("\n")] : []),
  ].join("\n\n");
}

/**
 * Rounds to thousandths, because further digits differ in every run.
 * @param {Report} report
 */
function rounded(report) {
  return JSON.parse(
    JSON.stringify(report, (_, value) => (typeof value === "number" ? Math.round(value * 1000) / 1000 : value)),
  );
}
