import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdirSync } from "node:fs";
import postgres from "postgres";
import { readConsistencyToken } from "#server/db/replicas/read-token.queries.js";
import { insertKey } from "../../support/api-key.mjs";
import { openReplication } from "../../support/replication.mjs";
import { listening, MAIN } from "../../support/server-under-test.mjs";
import { MAX_OWN_DELAY_MS, watchOwnDelay } from "../own-delay.mjs";
import { createTally, createWriterLog } from "./growing-checker.mjs";
import { runGrowingClient, runWriter } from "./growing-clients.mjs";
import { createGrowingData, userId } from "./growing-data.mjs";
import { injectReplicaFaults, replicaFaults } from "./replica-faults.mjs";

const CLIENTS = 12;
const MAX_LAG_MS = 1000;
const WARM_UP_MS = 2000;
const METRICS_TOKEN = "storm-of-replicas";

/**
 * Reads from two replicas with and without consistency tokens while jobs are written, and injects one fault of the replicas
 * after another. The exit code is 1 if a response failed, is wrong, older than allowed, or goes back in time.
 */
export async function runReplicas({ seconds, seed, program = MAIN }) {
  mkdirSync(".artifacts", { recursive: true });
  const logFile = `.artifacts/replicas-${seed}.log`;
  const replication = await openReplication({
    standbys: 2,
    settings: { autovacuum: "off" },
    prepare: createGrowingData,
  });
  const [primary, first, second] = replication.nodes;
  const sql = postgres(primary.url, { max: 1, onnotice: () => {}, fetch_types: false });
  const key = await insertKey(sql, userId);
  const server = spawn(process.execPath, [program], {
    env: {
      PATH: process.env.PATH,
      PORT: "0",
      DATABASE_URL: primary.url,
      DATABASE_REPLICA_URLS: `${first.url} ${second.url}`,
      MAX_REPLICA_LAG_MS: String(MAX_LAG_MS),
      METRICS_TOKEN,
      LOG_LEVEL: "warn",
      // One user gets half of them.
      EXPORT_SLOTS: String(2 * CLIENTS),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(server, "close");
  const log = createWriteStream(logFile);
  const stop = new AbortController();
  process.once("SIGTERM", () => stop.abort()).once("SIGINT", () => stop.abort());
  ended.then(() => stop.abort());
  const tally = createTally();
  let metrics = "";
  let ownDelayMs = 0;
  try {
    const origin = await listening(server, ended, (line) => log.write(`${line}\n`));
    const isOver = () => stop.signal.aborted;
    const writes = createWriterLog();
    const fault = { name: "none" };
    const published = { last: null };
    const ownDelay = watchOwnDelay();
    const shared = { origin, key, seed, writes, published, maxLagMs: MAX_LAG_MS, fault, tally, isOver };
    const writing = runWriter({ sql, writes, isOver, readToken: readConsistencyToken, published });
    await warmUp(shared);
    const clients = Array.from({ length: CLIENTS }, (_, client) => runGrowingClient({ client, ...shared }));
    const lastsMs = (seconds * 1000) / Object.keys(replicaFaults(replication.nodes)).length - 1500;
    await injectReplicaFaults(replication.nodes, { fault, lastsMs: Math.max(500, lastsMs), isOver });
    stop.abort();
    await Promise.all([writing, ...clients]);
    ownDelayMs = ownDelay.stop();
    metrics = await (
      await fetch(`${origin}/metrics`, { headers: { Authorization: `Bearer ${METRICS_TOKEN}` } })
    ).text();
  } finally {
    server.kill("SIGTERM");
    await ended;
    await sql.end({ timeout: 5 });
    await replication.close();
  }
  return report({ tally, metrics, ownDelayMs, logFile, seed });
}

/** One client of each kind for two seconds, because the first requests of a process are slow. They are judged, too. */
async function warmUp(shared) {
  const until = performance.now() + WARM_UP_MS;
  const isOver = () => shared.isOver() || performance.now() > until;
  await Promise.all([0, 1, 2].map((client) => runGrowingClient({ client, ...shared, isOver })));
}

const BAD = ["failed", "wrong", "back in time", "too old", "cut export"];

function report({ tally, metrics, ownDelayMs, logFile, seed }) {
  const lines = [`replicas, seed ${seed}: ${CLIENTS} clients`];
  lines.push(`  ${"fault".padEnd(10)} answers  ${BAD.join("  ")}  slowest`);
  for (const [fault, row] of tally.faults) {
    const bad = BAD.map((verdict) => String(row[verdict] ?? 0).padStart(verdict.length));
    lines.push(
      `  ${fault.padEnd(10)} ${String(row.answers).padStart(7)}  ${bad.join("  ")}  ${row.slowest.toFixed(0)} ms`,
    );
  }
  for (const line of metrics.split("\n"))
    if (/^(requests_by_server|replica_failovers)/.test(line)) lines.push(`  ${line}`);
  lines.push(`  machine   the timers of this process were up to ${ownDelayMs.toFixed(0)} ms late`);
  const rows = [...tally.faults.values()];
  const count = (verdict) => rows.reduce((sum, row) => sum + (row[verdict] ?? 0), 0);
  const isRight = count("wrong") + count("back in time") + count("too old") === 0;
  const isGood = isRight && count("failed") === 0 && rows.length > 8;
  if (!isGood)
    lines.push(`FAILED: the server's log is ${logFile}`, ...tally.examples.map((each) => `  ${JSON.stringify(each)}`));
  process.stdout.write(`${lines.join("\n")}\n`);
  if (isGood) return 0;
  return isRight && ownDelayMs > MAX_OWN_DELAY_MS ? 3 : 1;
}
