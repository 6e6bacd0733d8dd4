import { runLoad } from "./load.mjs";
import { ratioOf, statOf } from "./statistics.mjs";

const FIRST_WARM_UP_SECONDS = 3;
const WARM_UP_SECONDS = 1;
const FIGURES = ["nodeMs", "postgresMs", "pgbouncerMs", "nginxMs", "totalMs", "perSecond", "p50Ms", "p99Ms"];

/** Measures the CPU per unit of the server and of PostgreSQL. `work` resolves to the number of units. */
export async function measureCpu(database, server, work) {
  const nodeBefore = server === null ? 0 : server.cpuMs();
  const postgresBefore = database.cpuMs();
  const units = await work();
  const nodeMs = server === null ? 0 : (server.cpuMs() - nodeBefore) / units;
  const postgresMs = (database.cpuMs() - postgresBefore) / units;
  return { nodeMs, postgresMs, totalMs: nodeMs + postgresMs };
}

/** Measures the CPU per request, throughput and latency of one server under one load. */
export async function measureLoad({ database, server }, request, load) {
  let result;
  const cpu = await measureCpu(database, server, async () => {
    result = await runLoad(server.origin, request, load);
    return result.answers;
  });
  const latency = { p50Ms: result.p50Ms, p99Ms: result.p99Ms };
  // With an amount of requests, autocannon ends at a full second, so the throughput would be wrong.
  return load.amount === undefined
    ? { ...cpu, perSecond: result.answers / result.seconds, ...latency }
    : { ...cpu, ...latency };
}

/**
 * Measures contenders { name, server, request } in interleaved rounds, each of which begins with another contender, so that
 * noise of the machine affects all of them. Resolves to a map from name to one sample per round.
 */
export async function measureRounds(bench, contenders) {
  const { rounds, seconds } = bench.options;
  const samples = new Map(contenders.map(({ name }) => [name, []]));
  for (const { server, request } of contenders) {
    await runLoad(server.origin, request, { seconds: Math.min(FIRST_WARM_UP_SECONDS, seconds) });
  }
  for (let round = 0; round < rounds; round++) {
    for (let index = 0; index < contenders.length; index++) {
      const { name, server, request } = contenders[(round + index) % contenders.length];
      bench.say(`  round ${round + 1} of ${rounds}: ${name}`);
      await runLoad(server.origin, request, { seconds: WARM_UP_SECONDS });
      samples.get(name).push(await measureLoad({ ...bench, server }, request, { seconds }));
    }
  }
  return samples;
}

/** A row of the table. The ratio compares the total CPU within each round. */
export function rowOf(name, samples, { reference, against } = {}) {
  const figures = FIGURES.filter((figure) => samples[0][figure] !== undefined);
  return {
    name,
    unit: "ms CPU",
    ...Object.fromEntries(figures.map((figure) => [figure, statOf(samples.map((sample) => sample[figure]))])),
    ...(reference === undefined ? {} : { ratio: ratioOf(samples, reference, "totalMs"), against }),
    goals: [],
  };
}
