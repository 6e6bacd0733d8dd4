import { BASELINE } from "../opponents.mjs";
import { assertSameJobs } from "./answers.mjs";
import { measureRounds, rowOf } from "./measure.mjs";
import { send } from "./requests.mjs";

/**
 * Compares servers by entries { name, opponent, request, readJobs?, against? }: starts each opponent once, checks its jobs
 * against `expected`, measures interleaved rounds and stops it. Ratios refer to the entry called `reference` or `against`;
 * a peer that fails is skipped with a notice, while the baseline and this service must not fail.
 */
export async function contest(bench, entries, { reference = BASELINE.name, expected } = {}) {
  const servers = new Map();
  const contenders = [];
  const notices = [];
  try {
    for (const entry of entries) {
      try {
        if (!servers.has(entry.opponent.name)) servers.set(entry.opponent.name, await bench.start(entry.opponent));
        const server = servers.get(entry.opponent.name);
        const answer = JSON.parse(await send(server, entry.request));
        if (answer.errors) throw new Error(JSON.stringify(answer.errors).slice(0, 500));
        if (expected && entry.readJobs) assertSameJobs(entry.readJobs(answer), expected);
        contenders.push({ ...entry, server });
      } catch (error) {
        if (!entry.opponent.isPeer) throw new Error(`${entry.name}: ${error.message}`, { cause: error });
        notices.push(`${entry.opponent.label} was skipped: ${reasonOf(error)}`);
        bench.say(`  ${notices.at(-1)}`);
      }
    }
    const samples = await measureRounds(bench, contenders);
    const rows = contenders.map(({ name, against = reference, opponent }) => ({
      ...rowOf(name, samples.get(name), { reference: samples.get(against), against }),
      label: opponent.label,
    }));
    return { rows, samples, notices };
  } finally {
    for (const server of servers.values()) await server.stop();
  }
}

/** One line with the error of a process instead of its position in the source. */
function reasonOf({ message }) {
  const lines = message.split("\n");
  return (lines.find((line) => /^\w*Error\b/.test(line)) ?? lines[0]).slice(0, 200);
}

/** The jobs that every server must return, read from the baseline. */
export async function expectedJobs(bench, request) {
  const baseline = await bench.start(BASELINE);
  try {
    return JSON.parse(await send(baseline, request)).jobs;
  } finally {
    await baseline.stop();
  }
}
