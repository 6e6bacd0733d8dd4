import { FLOOR } from "../opponents.mjs";
import { assertSameJobs } from "./answers.mjs";
import { measureRounds, rowOf } from "./measure.mjs";
import { send } from "./requests.mjs";

/**
 * Servers side by side: starts each entry's opponent once, checks its answer, measures interleaved rounds and stops them.
 * An entry is { name, opponent, request, readJobs?, against? }. Its jobs must be those of `expected`, where that is given.
 * `reference` names the entry that the ratios are to, unless an entry names another as `against`. A peer that does not
 * start or answers otherwise is left out with a notice; the floor and ours must not fail.
 */
export async function contest(bench, entries, { reference = FLOOR.name, expected } = {}) {
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
        notices.push(`${entry.opponent.label} was left out: ${reasonOf(error)}`);
        bench.say(`  ${notices.at(-1)}`);
      }
    }
    const samples = await measureRounds(bench, contenders);
    const rows = contenders.map(({ name, against = reference, opponent }) => ({
      ...rowOf(name, samples.get(name), samples.get(against), against),
      label: opponent.label,
    }));
    return { rows, samples, notices };
  } finally {
    for (const server of servers.values()) await server.stop();
  }
}

/** One line: the error that a process died of rather than the place in its source. */
function reasonOf({ message }) {
  const lines = message.split("\n");
  return (lines.find((line) => /^\w*Error\b/.test(line)) ?? lines[0]).slice(0, 200);
}

/** The page that everybody must give, from the straightforward implementation. */
export async function expectedJobs(bench, request) {
  const floor = await bench.start(FLOOR);
  try {
    return JSON.parse(await send(floor, request)).jobs;
  } finally {
    await floor.stop();
  }
}
