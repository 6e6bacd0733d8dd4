import { DATA } from "../harness/data.mjs";
import { startFleet, startPgBouncer } from "../harness/fleet.mjs";
import { runLoad } from "../harness/load.mjs";
import { rowOf } from "../harness/measure.mjs";
import { findProgram } from "../harness/programs.mjs";
import { restPage, send } from "../harness/requests.mjs";

const REFERENCE = "1 server";
/** Well below the capacity of two cores, so that waiting is not part of the latency. */
const OFFERED_PER_SECOND = 100;
const LOADS = [
  { name: "as fast as possible", rate: undefined },
  { name: `${OFFERED_PER_SECOND} requests/s`, rate: OFFERED_PER_SECOND },
];
const WARM_UP_SECONDS = 1;

/** From a server alone to four with everything that they need, so that each part shows its own cost. */
const FLEETS = [
  { name: "1 server alone", servers: 1, hasNginx: false, hasPgBouncer: false, hasSharedLimit: false },
  { name: "1 server, nginx", servers: 1, hasNginx: true, hasPgBouncer: false, hasSharedLimit: false },
  { name: "1 server, nginx, PgBouncer", servers: 1, hasNginx: true, hasPgBouncer: true, hasSharedLimit: false },
  ...[1, 2, 4].map((servers) => ({
    name: servers === 1 ? REFERENCE : `${servers} servers`,
    servers,
    hasNginx: true,
    hasPgBouncer: true,
    hasSharedLimit: true,
  })),
];

export const instances = {
  name: "instances",
  title: "1, 2 and 4 servers behind nginx, with PgBouncer and a shared rate limit, a REST page of 100",
  isOnRequest: true,
  async run(bench) {
    const programs = { nginx: findProgram("nginx"), pgbouncer: findProgram("pgbouncer") };
    const missing = Object.keys(programs).filter((name) => programs[name] === null);
    if (missing.length > 0) {
      const variables = missing.map((name) => name.toUpperCase()).join(" and ");
      throw new Error(`${missing.join(" and ")} must be installed, or named by the environment variable ${variables}`);
    }
    const pgBouncer = await startPgBouncer(programs.pgbouncer, bench.url);
    const fleets = [];
    try {
      for (const { name, servers, hasNginx, hasPgBouncer, hasSharedLimit } of FLEETS) {
        const behind = { nginx: hasNginx ? programs.nginx : null, pgBouncer: hasPgBouncer ? pgBouncer : null };
        fleets.push({ name, fleet: await startFleet(bench, { servers, hasSharedLimit, ...behind }) });
      }
      return { ...(await measureFleets(bench, fleets)), notices: [pgBouncer.description] };
    } finally {
      await Promise.all(fleets.map(({ fleet }) => fleet.stop()));
      await pgBouncer.stop();
    }
  },
};

async function measureFleets(bench, fleets) {
  const request = restPage(bench, DATA.pageTaskId, { limit: 100 });
  const pages = await Promise.all(fleets.map(({ fleet }) => send(fleet, request)));
  if (new Set(pages).size > 1) throw new Error("the fleets responded with different pages");
  for (const { fleet } of fleets) await runLoad(fleet.origin, request, { seconds: bench.options.seconds });

  const cells = LOADS.flatMap((load) => fleets.map((fleet) => ({ ...fleet, load, samples: [] })));
  for (let round = 0; round < bench.options.rounds; round++) {
    for (let index = 0; index < cells.length; index++) {
      const { name, fleet, load, samples } = cells[(round + index) % cells.length];
      bench.say(`  round ${round + 1} of ${bench.options.rounds}: ${name}, ${load.name}`);
      samples.push(await measureFleet(bench, fleet, { request, rate: load.rate }));
    }
  }
  return { rows: cells.map((cell) => rowOfCell(cell, cells)) };
}

async function measureFleet(bench, { origin, parts }, { request, rate }) {
  await runLoad(origin, request, { seconds: WARM_UP_SECONDS, rate });
  const names = Object.keys(parts);
  const before = names.map((name) => parts[name]());
  const result = await runLoad(origin, request, { seconds: bench.options.seconds, rate });
  const perRequest = names.map((name, index) => (parts[name]() - before[index]) / result.answers);
  return {
    ...Object.fromEntries(names.map((name, index) => [`${name}Ms`, perRequest[index]])),
    totalMs: perRequest.reduce((sum, ms) => sum + ms, 0),
    perSecond: result.answers / result.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
  };
}

function rowOfCell({ name, load, samples }, cells) {
  const reference = cells.find((cell) => cell.load === load && cell.name === REFERENCE);
  return rowOf(`${name}, ${load.name}`, samples, { reference: reference.samples, against: REFERENCE });
}
