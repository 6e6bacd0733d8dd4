const CHARTED = ["rest-100", "graphql-100"];
const WIDTH = 860;
const LABEL_WIDTH = 300;
const VALUE_WIDTH = 150;
const BAR_HEIGHT = 18;
const ROW_HEIGHT = 28;
const TITLE_HEIGHT = 44;
const LEGEND_HEIGHT = 40;
const PLOT_WIDTH = WIDTH - LABEL_WIDTH - VALUE_WIDTH;

// Readable on light and dark pages: the colours follow the viewer's colour scheme.
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 15px }
  .small { font-size: 12px; fill: #59636e }
  .ours { font-weight: 700 }
  .page { fill: #ffffff }
  .node { fill: #2f81c7 }
  .postgres { fill: #e0913a }
  .range { stroke: #1f2328; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .small { fill: #9aa5b1 }
    .page { fill: #0d1117 }
    .node { fill: #4ea1e8 }
    .postgres { fill: #f0a95b }
    .range { stroke: #e6edf3 }
  }`;

/** @import { Report, Stat } from "../types.ts" */
/** @typedef {{ name: string, label: string, nodeMs: Stat, postgresMs: Stat, totalMs: Stat, ratio: Stat, against: string }} ChartRow */
/** @typedef {(milliseconds: number) => number} Scale */

/**
 * Draws the total CPU per request of all servers, node and PostgreSQL stacked, least first. Null if this was not measured.
 * @param {Report} report
 */
export function drawChart({ machine, workloads }) {
  const charted = workloads
    .filter(({ name, rows }) => CHARTED.includes(name) && rows.length > 0)
    .map(({ title, rows }) => ({ title, rows: /** @type {readonly ChartRow[]} */ (rows) }));
  if (charted.length === 0) return null;
  const longest = Math.max(...charted.flatMap(({ rows }) => rows.map(({ totalMs }) => totalMs.max)));
  const scale = (milliseconds) => (milliseconds / longest) * PLOT_WIDTH;

  let top = LEGEND_HEIGHT;
  const panels = charted.map((workload) => {
    const panel = drawPanel(workload, top, scale);
    top += TITLE_HEIGHT + workload.rows.length * ROW_HEIGHT;
    return panel;
  });
  const height = top + 40;
  const made = `${machine.cores} cores (${machine.cpu}), Node ${machine.node}, PostgreSQL ${machine.postgres}. Lines: the range over all rounds.`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="CPU per request of each server">
<style>${STYLE}
</style>
<rect class="page" width="${WIDTH}" height="${height}"/>
${drawLegend()}
${panels.join("\n")}
<text class="small" x="16" y="${height - 14}">${escapeXml(made)}</text>
</svg>
`;
}

function drawLegend() {
  return [
    `<rect class="node" x="16" y="16" width="14" height="14"/><text x="36" y="28">node</text>`,
    `<rect class="postgres" x="90" y="16" width="14" height="14"/><text x="110" y="28">PostgreSQL</text>`,
    `<text class="small" x="210" y="28">CPU milliseconds per request, less is better</text>`,
  ].join("\n");
}

/**
 * @param {{ title: string, rows: readonly ChartRow[] }} panel
 * @param {number} top
 * @param {Scale} scale
 */
function drawPanel({ title, rows }, top, scale) {
  const sorted = [...rows].sort((one, other) => one.totalMs.median - other.totalMs.median);
  const bars = sorted.map((row, index) => drawBar(row, top + TITLE_HEIGHT + index * ROW_HEIGHT, scale));
  return [`<text class="title" x="16" y="${top + 28}">${escapeXml(title)}</text>`, ...bars].join("\n");
}

/**
 * @param {ChartRow} row
 * @param {number} top
 * @param {Scale} scale
 */
function drawBar({ name, label, nodeMs, postgresMs, totalMs, ratio, against }, top, scale) {
  const middle = top + BAR_HEIGHT / 2;
  const nodeWidth = scale(nodeMs.median);
  const postgresWidth = scale(postgresMs.median);
  const [from, to] = [totalMs.min, totalMs.max].map((value) => (LABEL_WIDTH + scale(value)).toFixed(1));
  const after = LABEL_WIDTH + Math.max(nodeWidth + postgresWidth, scale(totalMs.max)) + 8;
  const value = `${totalMs.median.toFixed(2)} · ${ratio.median.toFixed(2)} × ${against}`;
  const weight = name === "ours" ? ' class="ours"' : "";
  return [
    `<text${weight} x="${LABEL_WIDTH - 10}" y="${middle + 5}" text-anchor="end">${escapeXml(label)}</text>`,
    `<rect class="node" x="${LABEL_WIDTH}" y="${top}" width="${nodeWidth.toFixed(1)}" height="${BAR_HEIGHT}"/>`,
    `<rect class="postgres" x="${(LABEL_WIDTH + nodeWidth).toFixed(1)}" y="${top}" width="${postgresWidth.toFixed(1)}" height="${BAR_HEIGHT}"/>`,
    `<line class="range" x1="${from}" x2="${to}" y1="${middle}" y2="${middle}"/>`,
    `<text${weight} x="${after.toFixed(1)}" y="${middle + 5}">${escapeXml(value)}</text>`,
  ].join("\n");
}

function escapeXml(text) {
  return text.replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`);
}
