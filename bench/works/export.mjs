import { DATA } from "../harness/data.mjs";
import { under } from "../harness/goals.mjs";
import { measureCpu, rowOf } from "../harness/measure.mjs";
import { statOf } from "../harness/statistics.mjs";
import { OURS } from "../opponents.mjs";

const SAMPLE_EVERY_MS = 100;
/** The CPU of a single row would be rounded to zero. */
const UNIT_ROWS = 1_000;
/** Exports of 2,000 jobs, after which the heap has its final size. */
const WARM_UPS = 50;

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

async function measureExport(bench, server, format) {
  const before = server.residentMb();
  let most = before;
  const sampling = setInterval(() => {
    most = Math.max(most, server.residentMb());
  }, SAMPLE_EVERY_MS);
  let result;
  const cpu = await measureCpu(bench.database, server, async () => {
    result = await readExport({ bench, server }, DATA.hugeTaskId, format);
    return result.lines / UNIT_ROWS;
  }).finally(() => clearInterval(sampling));
  const expected = DATA.hugeTaskJobs + (format === "csv" ? 1 : 0);
  if (result.lines !== expected) throw new Error(`${format} has ${result.lines} lines instead of ${expected}`);

  const growth = most - before;
  const figure = (name, { unit, value }, goal) => ({
    name: `${format}, ${name}`,
    unit,
    measured: statOf([value]),
    goals: [goal],
  });
  return [
    rowOf(`${format}, rows`, [{ ...cpu, perSecond: result.lines / (result.elapsedMs / 1000) }]),
    figure("first byte", { unit: "ms", value: result.firstByteMs }, under(result.firstByteMs, 1000, "under 1 s")),
    figure("memory growth of node", { unit: "MB", value: growth }, under(growth, 50, "under 50 MB")),
  ];
}

async function readExport({ bench, server }, taskId, format) {
  const startedAt = performance.now();
  const response = await fetch(`${server.origin}/api/v1/tasks/${taskId}/jobs/export?format=${format}`, {
    headers: { Authorization: `Bearer ${bench.apiKey}`, "Accept-Encoding": "identity" },
  });
  if (!response.ok) throw new Error(`the export answered ${response.status}`);
  let firstByteMs;
  let lines = 0;
  for await (const chunk of response.body) {
    firstByteMs ??= performance.now() - startedAt;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines++;
  }
  return { lines, firstByteMs, elapsedMs: performance.now() - startedAt };
}
