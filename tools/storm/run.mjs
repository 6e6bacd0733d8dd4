// npm run storm -- [--scenario NAME] [--seconds 60] [--seed 1]
// The scenarios are storm, isolation, failover, long-failover, hostile-key, replicas and watchers.
// Injects faults into the database while clients send requests. The exit code is 1 if a response is wrong; the history then
// stays in .artifacts/. It is 3 if responses were only late on a busy machine: the run must be repeated.
// See docs/decisions/resilience.md.
import { mkdirSync, rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { seededRandom } from "../support/random.mjs";
import { checkHistory } from "./checker.mjs";
import { runClient } from "./clients.mjs";
import { openFaults } from "./faults.mjs";
import { openHistory } from "./history.mjs";
import { runHostileKey } from "./hostile-key.mjs";
import { MAX_OWN_DELAY_MS, watchOwnDelay } from "./own-delay.mjs";
import { runReplicas } from "./replicas/run-replicas.mjs";
import { printReport } from "./report.mjs";
import { SCENARIOS } from "./scenarios.mjs";
import { scheduleOf } from "./schedule.mjs";
import { openStormServer } from "./storm-server.mjs";
import { runWatchers } from "./watchers/run-watchers.mjs";

const WARM_UP_MS = 2000;
/** On a slow machine a request may wait longer for a connection than the default allows. */
const PATIENT = { REQUEST_TIMEOUT_MS: "8000" };

const { values } = parseArgs({
  options: {
    scenario: { type: "string", default: "storm" },
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: "1" },
    // A build without one of its safeguards, for which the run must fail.
    program: { type: "string" },
    // A server whose requests may wait long, so that a slow machine fails none.
    patient: { type: "boolean", default: false },
    // Watchers without a standby and without failovers, for the tests.
    single: { type: "boolean", default: false },
    // Watchers behind PgBouncer in transaction mode, which leads to a single server.
    pgbouncer: { type: "boolean", default: false },
  },
});
if (values.scenario === "hostile-key") process.exit(await runHostileKey(Number(values.seconds), values.program));
if (values.scenario === "replicas")
  process.exit(
    await runReplicas({ seconds: Number(values.seconds), seed: Number(values.seed), program: values.program }),
  );
if (values.scenario === "watchers")
  process.exit(
    await runWatchers({
      ...{ seconds: Number(values.seconds), seed: Number(values.seed), program: values.program },
      isReplicated: !values.single && !values.pgbouncer,
      isPooled: values.pgbouncer,
    }),
  );
const scenario = SCENARIOS[values.scenario];
const seconds = Number(values.seconds);
const seed = Number(values.seed);
if (scenario === undefined || !(seconds >= 5) || !Number.isInteger(seed)) {
  const names = [...Object.keys(SCENARIOS), "hostile-key", "replicas", "watchers"].join("|");
  process.stderr.write(`usage: npm run storm -- [--scenario ${names}] [--seconds 60] [--seed 1]\n`);
  process.exit(2);
}

mkdirSync(".artifacts", { recursive: true });
const historyFile = `.artifacts/${values.scenario}-${seed}.ndjson`;
const logFile = `.artifacts/${values.scenario}-${seed}.log`;

const random = seededRandom(seed);
const schedule = scheduleOf(random, seconds, scenario.faults);
const scheduled = {};
for (const { kind } of schedule) scheduled[kind] = (scheduled[kind] ?? 0) + 1;

const { environment, clients, aborting, mayFail, mustSee, standbys } = scenario;
const server = await openStormServer({
  environment: values.patient ? { ...environment, ...PATIENT } : environment,
  logFile,
  program: values.program,
  standbys,
});
const history = openHistory(historyFile);
const faults = openFaults({ ...server, history, random });
const stop = new AbortController();
server.ended.then(() => stop.abort());
process.once("SIGTERM", () => stop.abort()).once("SIGINT", () => stop.abort());

let startedAt = 0;
let elapsed = 0;
let ownDelayMs = 0;
let serverEnd;
try {
  await warmUp();
  const ownDelay = watchOwnDelay();
  startedAt = performance.now();
  await injectFaults();
  elapsed = (performance.now() - startedAt) / 1000;
  ownDelayMs = ownDelay.stop();
} finally {
  await faults.close();
  await history.close();
  serverEnd = await server.close();
}
const verdict = await checkHistory(historyFile, { mayFail, mustSee, scheduled });
const isGood = verdict.isGood && serverEnd === 0;
printReport(
  { ...values, seconds: elapsed, clients, scheduled, serverEnd, isGood, ownDelayMs, historyFile, logFile },
  verdict,
);
if (isGood) {
  rmSync(historyFile);
  rmSync(logFile);
} else process.exitCode = verdict.isOnlyLate && serverEnd === 0 && ownDelayMs > MAX_OWN_DELAY_MS ? 3 : 1;

/** Four clients for two seconds, because the first requests of a process are slow. Their responses are checked, too. */
async function warmUp() {
  const until = performance.now() + WARM_UP_MS;
  const isOver = () => performance.now() > until;
  const first = [clients, clients + 1, clients + 2, clients + 3];
  await Promise.all(first.map((client) => runClient({ client, ...server, seed, history, isOver, aborting: 0 })));
}

/** Runs the clients until all faults are done, the time is over and the last responses have arrived. */
async function injectFaults() {
  const isOver = () => stop.signal.aborted;
  const running = Array.from({ length: clients }, (_, client) =>
    runClient({ client, ...server, seed, history, isOver, aborting }),
  );
  const doing = [];
  for (const { kind, ms, at } of schedule) {
    await until(at);
    if (isOver()) break;
    // The checker reports a fault that is missing in the history.
    doing.push(
      faults[kind](ms).catch((error) =>
        history.note({ event: "fault", fault: "undone", kind, message: error.message }),
      ),
    );
  }
  await Promise.all(doing);
  await until(seconds * 1000);
  stop.abort();
  await Promise.all(running);
}

function until(at) {
  const ms = Math.max(0, startedAt + at - performance.now());
  return delay(ms, undefined, { signal: stop.signal }).catch(() => {});
}
