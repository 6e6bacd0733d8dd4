import { runLoad } from "./load.mjs";
import { ratioOf, statOf } from "./statistics.mjs";

const FIRST_WARM_UP_SECONDS = 3;
const WARM_UP_SECONDS = 1;
const FIGURES = ["nodeMs", "postgresMs", "totalMs", "perSecond", "p50Ms", "p99Ms"];

/** CPU per unit of work of the server and of PostgreSQL; `work` resolves to how many units it did. */
export async function measureCpu(database, server, work) {
  const nodeBefore = server === null ? 0 : server.cpuMs();
  const postgresBefore = database.cpuMs();
  const units = await work();
  const nodeMs = server === null ? 0 : (server.cpuMs() - nodeBefore) / units;
  const postgresMs = (database.cpuMs() - postgresBefore) / units;
  return { nodeMs, postgresMs, totalMs: nodeMs + postgresMs };
}

/** One cell of the table: CPU per request, throughput and latency of one server under one load. */
export async function measureLoad(database, server, request, load) {
  let result;
  const cpu = await measureCpu(database, server, async () => {
    result = await runLoad(server.origin, request, load);
    return result.answers;
  });
  const latency = { p50Ms: result.p50Ms, p99Ms: result.p99Ms };
  // With an amount, autocannon looks only every second whether it has been reached.
  return load.amount === undefined
    ? { ...cpu, perSecond: result.answers / result.seconds, ...latency }
    : { ...cpu, ...latency };
}

/**
 * Interleaved rounds over contenders { name, server, request, load? }: what the machine does to one it does to all, and
 * each round begins with another. Resolves to name → samples, one a round.
 */
export async function measureRounds(bench, contenders) {
  const { rounds, seconds } = bench.options;
  const samples = new Map(contenders.map(({ name }) => [name, []]));
  for (const { server, request } of contenders) {
    await runLoad(server.origin, request, { seconds: Math.min(FIRST_WARM_UP_SECONDS, seconds) });
  }
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const { name, server, request } = contenders[(round + turn) % contenders.length];
      bench.say(`  round ${round + 1} of ${rounds}: ${name}`);
      await runLoad(server.origin, request, { seconds: WARM_UP_SECONDS });
      samples.get(name).push(await measureLoad(bench.database, server, request, { seconds }));
    }
  }
  return samples;
}

/** The row of the table that all works share; the ratio is of the total, within each round. */
export function rowOf(name, samples, reference, against) {
  const figures = FIGURES.filter((figure) => samples[0][figure] !== undefined);
  return {
    name,
    unit: "ms CPU",
    ...Object.fromEntries(figures.map((figure) => [figure, statOf(samples.map((sample) => sample[figure]))])),
    ...(reference === undefined ? {} : { ratio: ratioOf(samples, reference, "totalMs"), against }),
    goals: [],
  };
}
