import { BASELINE } from "../competitors.mjs";
import { assertSameJobs } from "./assert-same-jobs.mjs";
import { runLoad } from "./load.mjs";
import { measureInRounds, measureLoad, partsOf, rowOf } from "./measure.mjs";
import { send } from "./requests.mjs";

/** @import { Bench, Competitor, HttpRequest, Job, PageAnswer, RunningServer } from "../types.ts" */

/**
 * @typedef {object} Entry A server and the request that it is measured with.
 * @property {string} name
 * @property {Competitor} competitor
 * @property {HttpRequest} request
 * @property {(answer: PageAnswer) => readonly Job[]} [readJobs] Given if the jobs are compared with the expected ones.
 * @property {string} [against] The name of the entry that the ratio refers to.
 */

const FIRST_WARM_UP_SECONDS = 3;
const WARM_UP_SECONDS = 1;

/**
 * Starts each competitor once, compares its jobs with the expected ones, and measures the entries in rounds. The rows are in
 * the order of the entries; a peer that fails has no row but a notice.
 * @param {Bench} bench
 * @param {readonly Entry[]} entries
 * @param {{ reference?: string, expected?: readonly Job[] }} [options]
 */
export async function compareServers(bench, entries, { reference = BASELINE.name, expected } = {}) {
  /** @type {Map<string, RunningServer>} */
  const servers = new Map();
  /** @type {string[]} */
  const notices = [];
  const ready = [];
  try {
    for (const entry of entries) {
      const { competitor, request, readJobs } = entry;
      try {
        const server = servers.get(competitor.name) ?? (await bench.start(competitor));
        servers.set(competitor.name, server);
        const answer = JSON.parse(await send(server, request));
        if (answer.errors) throw new Error(JSON.stringify(answer.errors).slice(0, 500));
        if (expected && readJobs) assertSameJobs(readJobs(answer), expected);
        ready.push({ ...entry, origin: server.origin, parts: partsOf(bench, server) });
      } catch (error) {
        if (!competitor.isPeer) throw new Error(`${entry.name}: ${error.message}`, { cause: error });
        notices.push(`${competitor.label} was skipped: ${reasonOf(error)}`);
        bench.say(`  ${notices.at(-1)}`);
      }
    }
    const { seconds } = bench.options;
    for (const { origin, request } of ready) {
      await runLoad(origin, request, { seconds: Math.min(FIRST_WARM_UP_SECONDS, seconds) });
    }
    const measured = await measureInRounds(bench, ready, async ({ request, ...server }) => {
      await runLoad(server.origin, request, { seconds: WARM_UP_SECONDS });
      return measureLoad(server, request, { seconds });
    });
    const samplesOf = (name) => {
      const found = measured.find(({ item }) => item.name === name);
      if (found === undefined) throw new Error(`nothing called "${name}" was measured`);
      return found.samples;
    };
    const rows = measured.map(({ item: { name, against = reference, competitor }, samples }) => ({
      ...rowOf(name, samples, { reference: samplesOf(against), against }),
      label: competitor.label,
    }));
    return { rows, notices, samplesOf };
  } finally {
    for (const server of servers.values()) await server.stop();
  }
}

/** The line of a message that names the error, because a process also prints the position in its source. */
function reasonOf({ message }) {
  const lines = message.split("\n");
  return (lines.find((line) => /^\w*Error\b/.test(line)) ?? lines[0]).slice(0, 200);
}

/**
 * The jobs that every server must return, read from the baseline.
 * @param {Bench} bench
 * @param {HttpRequest} request
 * @returns {Promise<readonly Job[]>}
 */
export async function readExpectedJobs(bench, request) {
  const baseline = await bench.start(BASELINE);
  try {
    return JSON.parse(await send(baseline, request)).jobs;
  } finally {
    await baseline.stop();
  }
}
