import { DATA } from "../harness/data.mjs";
import { startFleet, startPgBouncer } from "../harness/fleet.mjs";
import { runLoad } from "../harness/load.mjs";
import { measureInRounds, measureLoad, rowOf } from "../harness/measure.mjs";
import { findProgram } from "../harness/programs.mjs";
import { restPage, send } from "../harness/requests.mjs";

/** @import { Bench, Workload } from "../types.ts" */

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

/** @type {Workload} */
export const instances = {
  name: "instances",
  title: "1, 2 and 4 servers behind nginx, with PgBouncer and a shared rate limit, a REST page of 100",
  isOnRequest: true,
  async run(bench) {
    const nginx = findProgram("nginx");
    const pgBouncer = await startPgBouncer(findProgram("pgbouncer"), bench.url);
    const fleets = [];
    try {
      for (const { name, servers, hasNginx, hasPgBouncer, hasSharedLimit } of FLEETS) {
        const around = { nginx: hasNginx ? nginx : null, pgBouncer: hasPgBouncer ? pgBouncer : null };
        fleets.push({ name, fleet: await startFleet(bench, { servers, hasSharedLimit, ...around }) });
      }
      return { ...(await measureFleets(bench, fleets)), notices: [pgBouncer.description] };
    } finally {
      await Promise.all(fleets.map(({ fleet }) => fleet.stop()));
      await pgBouncer.stop();
    }
  },
};

/**
 * @param {Bench} bench
 * @param {{ name: string, fleet: import("../harness/fleet.mjs").Fleet }[]} fleets
 */
async function measureFleets(bench, fleets) {
  const request = restPage(bench, DATA.pageTaskId, { limit: 100 });
  const pages = await Promise.all(fleets.map(({ fleet }) => send(fleet, request)));
  if (new Set(pages).size > 1) throw new Error("the fleets responded with different pages");
  const { seconds } = bench.options;
  for (const { fleet } of fleets) await runLoad(fleet.origin, request, { seconds });

  const cells = LOADS.flatMap((load) =>
    fleets.map(({ name, fleet }) => ({ name: `${name}, ${load.name}`, fleet, load, isReference: name === REFERENCE })),
  );
  const measured = await measureInRounds(bench, cells, async ({ fleet, load: { rate } }) => {
    await runLoad(fleet.origin, request, { seconds: WARM_UP_SECONDS, rate });
    return measureLoad(fleet, request, { seconds, rate });
  });
  const rows = LOADS.flatMap((load) => {
    const ofLoad = measured.filter(({ item }) => item.load === load);
    const reference = ofLoad.flatMap(({ item, samples }) => (item.isReference ? samples : []));
    return ofLoad.map(({ item, samples }) => rowOf(item.name, samples, { reference, against: REFERENCE }));
  });
  return { rows };
}
