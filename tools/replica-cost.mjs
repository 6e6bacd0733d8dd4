// npm run replica-cost -- [--requests 1500]
// Compares pages of a server without replicas with those of a server that reads from a replica, and from its primary, in one run.
import { spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import { parseArgs } from "node:util";
import { send } from "./storm/clients.mjs";
import { createGrowingData, taskId, userId } from "./storm/replicas/growing-data.mjs";
import { insertKey } from "./support/api-key.mjs";
import { openReplication } from "./support/replication.mjs";
import { listening, MAIN } from "./support/server-under-test.mjs";

const { values } = parseArgs({ options: { requests: { type: "string", default: "1500" } } });
const METRICS_TOKEN = "cost-of-replicas";
/** A token of another cluster, which only the primary answers. */
const FOREIGN_TOKEN = `1.${Buffer.alloc(14, 1).toString("base64url")}`;
const PAGES = {
  "10 jobs": "limit=10",
  "100 jobs": "limit=100",
  "100 jobs, filtered": "limit=100&status=completed",
};

const replication = await openReplication({ standbys: 1, prepare: createGrowingData });
const [primary, replica] = replication.nodes;
const key = await primary.run((sql) => insertKey(sql, userId));
await replica.replayed();
const single = await startServer({});
const withReplica = await startServer({ DATABASE_REPLICA_URLS: replica.url });
const variants = [
  { name: "no replicas", server: single, token: null },
  { name: "a replica answers", server: withReplica, token: null },
  { name: "the primary answers", server: withReplica, token: FOREIGN_TOKEN },
];
for (const [page, query] of Object.entries(PAGES)) {
  const measured = variants.map(() => ({ times: [], cpuMs: 0 }));
  for (let block = 0; block < 30; block++) {
    for (let turn = 0; turn < variants.length; turn++) {
      const index = (block + turn) % variants.length;
      await measure(variants[index], query, measured[index]);
    }
  }
  const rows = measured.map(({ times, cpuMs }) => ({
    // A busy machine delays most requests, but not the fastest tenth.
    ms: times.sort((one, other) => one - other)[Math.floor(times.length / 10)],
    cpuMs: cpuMs / times.length,
  }));
  for (const [index, { ms, cpuMs }] of rows.entries()) {
    const ratio = (value, first) => `${value.toFixed(3)} ms (${(value / first).toFixed(3)})`;
    const columns = [
      page.padEnd(20),
      variants[index].name.padEnd(20),
      ratio(ms, rows[0].ms),
      ratio(cpuMs, rows[0].cpuMs),
    ];
    process.stdout.write(`${columns.join("  ")}\n`);
  }
}
for (const { child } of [single, withReplica]) child.kill("SIGTERM");
await Promise.all([single, withReplica].map(({ ended }) => ended));
await replication.close();

async function startServer(environment) {
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env.PATH,
      PORT: "0",
      DATABASE_URL: primary.url,
      METRICS_TOKEN,
      LOG_LEVEL: "error",
      SHUTDOWN_DRAIN_MS: "0",
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "close");
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  return { child, ended, agent, origin: await listening(child, ended, () => {}) };
}

async function measure({ server, token }, query, measured) {
  const path = `/api/v1/tasks/${taskId(1)}/jobs?${query}`;
  const headers = token === null ? {} : { "Consistency-Token": token };
  const cpuBefore = await cpuMsOf(server);
  for (let n = 0; n < Number(values.requests) / 30; n++) {
    const startedAt = performance.now();
    const { status } = await send({ ...server, key }, { method: "GET", path, headers });
    if (status !== 200) throw new Error(`a page was answered with ${status}`);
    measured.times.push(performance.now() - startedAt);
  }
  measured.cpuMs += (await cpuMsOf(server)) - cpuBefore;
}

/** The CPU time of a server process. */
async function cpuMsOf({ origin }) {
  const response = await fetch(`${origin}/metrics`, { headers: { Authorization: `Bearer ${METRICS_TOKEN}` } });
  return 1000 * Number(/^process_cpu_seconds_total (\S+)$/m.exec(await response.text())?.[1]);
}
