import { OURS } from "../competitors.mjs";
import { DATA } from "../harness/data.mjs";
import { under } from "../harness/goals.mjs";
import { figureRow, partsOf, rowOf, startCpuMeasurement } from "../harness/measure.mjs";
import { headersOf } from "../harness/requests.mjs";

/** @import { Bench, RunningServer, Workload } from "../types.ts" */

const SAMPLE_EVERY_MS = 100;
/** The CPU of a single row would be rounded to zero. */
const UNIT_ROWS = 1_000;
/** Exports of 2,000 jobs, after which the heap has its final size. */
const WARM_UPS = 50;

/** @type {Workload} */
export const exportTask = {
  name: "export",
  title: "A task of a million jobs exported once, CPU per 1,000 rows",
  async run(bench) {
    const rows = [];
    for (const format of ["ndjson", "csv"]) {
      bench.say(`  ${format}`);
      const server = await bench.start(OURS);
      try {
        for (let count = 0; count < WARM_UPS; count++) await readExport({ bench, server }, DATA.pageTaskId, format);
        rows.push(...(await measureExport(bench, server, format)));
      } finally {
        await server.stop();
      }
    }
    return { rows };
  },
};

/**
 * @param {Bench} bench
 * @param {RunningServer} server
 * @param {string} format
 */
async function measureExport(bench, server, format) {
  const before = server.residentMb();
  let most = before;
  const sampling = setInterval(() => {
    most = Math.max(most, server.residentMb());
  }, SAMPLE_EVERY_MS);
  const cpuPer = startCpuMeasurement(partsOf(bench, server));
  const { lines, firstByteMs, elapsedMs } = await readExport({ bench, server }, DATA.hugeTaskId, format).finally(() =>
    clearInterval(sampling),
  );
  const cpu = cpuPer(lines / UNIT_ROWS);
  const expected = DATA.hugeTaskJobs + (format === "csv" ? 1 : 0);
  if (lines !== expected) throw new Error(`${format} has ${lines} lines instead of ${expected}`);

  const firstByte = figureRow(`${format}, first byte`, { unit: "ms", values: [firstByteMs] });
  firstByte.goals.push(under(firstByteMs, 1000, "under 1 s"));
  const growth = figureRow(`${format}, memory growth of node`, { unit: "MB", values: [most - before] });
  growth.goals.push(under(most - before, 50, "under 50 MB"));
  return [rowOf(`${format}, rows`, [{ ...cpu, perSecond: lines / (elapsedMs / 1000) }]), firstByte, growth];
}

/**
 * @param {{ bench: Bench, server: RunningServer }} measured
 * @param {string} taskId
 * @param {string} format
 */
async function readExport({ bench, server }, taskId, format) {
  const startedAt = performance.now();
  const headers = headersOf(bench);
  const response = await fetch(`${server.origin}/api/v1/tasks/${taskId}/jobs/export?format=${format}`, { headers });
  if (!response.ok || response.body === null) throw new Error(`the export returned ${response.status}`);
  let firstByteMs = Number.NaN;
  let lines = 0;
  for await (const chunk of response.body) {
    if (Number.isNaN(firstByteMs)) firstByteMs = performance.now() - startedAt;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines++;
  }
  return { lines, firstByteMs, elapsedMs: performance.now() - startedAt };
}
