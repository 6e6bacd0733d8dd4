import { runLoad } from "./load.mjs";
import { ratioOf, statOf } from "./statistics.mjs";

/** @import { Bench, CpuParts, HttpRequest, Load, Row, RunningServer, Sample } from "../types.ts" */

/** @type {readonly (keyof Sample)[]} */
const FIGURES = ["nodeMs", "postgresMs", "pgbouncerMs", "nginxMs", "totalMs", "perSecond", "p50Ms", "p99Ms"];

/**
 * The processes whose CPU time counts for one server.
 * @param {Bench} bench
 * @param {RunningServer} server
 * @returns {CpuParts}
 */
export const partsOf = (bench, server) => ({ node: server.cpuMs, postgres: bench.database.cpuMs });

/**
 * Starts to measure CPU time. The returned function divides the time until its call by a number of units, such as requests.
 * @param {CpuParts} parts
 * @returns {(units: number) => Sample}
 */
export function startCpuMeasurement(parts) {
  const before = Object.entries(parts).map(([name, cpuMs]) => ({ name, cpuMs, startMs: cpuMs() }));
  return (units) => {
    const used = before.map(({ name, cpuMs, startMs }) => ({ figure: `${name}Ms`, ms: (cpuMs() - startMs) / units }));
    return {
      ...Object.fromEntries(used.map(({ figure, ms }) => [figure, ms])),
      totalMs: used.reduce((sum, { ms }) => sum + ms, 0),
    };
  };
}

/**
 * Measures the CPU per request, throughput and latency under one load.
 * @param {{ origin: string, parts: CpuParts }} server
 * @param {HttpRequest} request
 * @param {Load} load
 * @returns {Promise<Sample>}
 */
export async function measureLoad({ origin, parts }, request, load) {
  const cpuPer = startCpuMeasurement(parts);
  const { answers, seconds, p50Ms, p99Ms } = await runLoad(origin, request, load);
  const sample = { ...cpuPer(answers), p50Ms, p99Ms };
  // With an amount of requests, autocannon ends at a full second, so the throughput would be wrong.
  return load.amount === undefined ? { ...sample, perSecond: answers / seconds } : sample;
}

/**
 * Measures every item once per round. Each round begins with another item, so that changes of the machine affect all of them.
 * Resolves to the items with their samples.
 * @template {{ readonly name: string }} Item
 * @template Measured
 * @param {Bench} bench
 * @param {readonly Item[]} items
 * @param {(item: Item, round: number) => Promise<Measured>} measure
 */
export async function measureInRounds({ options: { rounds }, say }, items, measure) {
  const measured = items.map((item) => ({ item, samples: /** @type {Measured[]} */ ([]) }));
  for (let round = 0; round < rounds; round++) {
    for (let index = 0; index < items.length; index++) {
      const { item, samples } = measured[(round + index) % items.length];
      say(`  round ${round + 1} of ${rounds}: ${item.name}`);
      samples.push(await measure(item, round));
    }
  }
  return measured;
}

/**
 * A row of the report. The ratio compares the total CPU within each round.
 * @param {string} name
 * @param {readonly Sample[]} samples
 * @param {{ reference: readonly Sample[], against: string }} [comparison]
 * @returns {Row}
 */
export function rowOf(name, samples, comparison) {
  const figures = FIGURES.flatMap((figure) => {
    const values = samples.flatMap((sample) => sample[figure] ?? []);
    return values.length === 0 ? [] : [[figure, statOf(values)]];
  });
  const ratio =
    comparison === undefined
      ? {}
      : { ratio: ratioOf(samples, comparison.reference, "totalMs"), against: comparison.against };
  return { name, unit: "ms CPU", ...Object.fromEntries(figures), ...ratio, goals: [] };
}

/**
 * A row of one figure that is not CPU time.
 * @param {string} name
 * @param {{ unit: string, values: readonly number[] }} figure
 * @returns {Row}
 */
export function figureRow(name, { unit, values }) {
  return { name, unit, measured: statOf(values), goals: [] };
}
