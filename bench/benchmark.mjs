import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { GRAPHQL_PEERS, OURS, REST_PEERS } from "./competitors.mjs";
import { createDataOnce, DATA } from "./harness/data.mjs";
import { openBenchDatabase } from "./harness/database.mjs";
import { startServer } from "./harness/server-process.mjs";
import { printProfile } from "./report/profile.mjs";
import { writeReport } from "./report/report.mjs";
import { printReport } from "./report/terminal.mjs";
import { WORKLOADS } from "./workloads/workloads.mjs";

const ROOT_DIR = fileURLToPath(new URL("..", import.meta.url));
const ARTIFACTS_DIR = `${ROOT_DIR}.artifacts/bench`;
const PROFILE_DIR = `${ARTIFACTS_DIR}/profile`;

/** @import { Bench, BenchDatabase, Options, ReportedResult, Workload } from "./types.ts" */

/** @param {Options} options */
export async function runBenchmark(options) {
  if (options.list) {
    for (const { name, title } of WORKLOADS) console.log(`${name.padEnd(17)}${title}`);
    return;
  }
  const workloads = chooseWorkloads(options);
  mkdirSync(ARTIFACTS_DIR, { recursive: true });
  rmSync(PROFILE_DIR, { recursive: true, force: true });
  // process.exit() runs the exit handlers, which end the servers. A signal alone would not.
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

  const database = await openBenchDatabase(ARTIFACTS_DIR);
  try {
    const bench = await createBench(options, database);
    const machine = describeMachine(database);
    bench.say(`${machine.cores} cores (${machine.cpu}), Node ${machine.node}, PostgreSQL ${machine.postgres}`);
    /** @type {ReportedResult[]} */
    const results = [];
    for (const workload of workloads) results.push(await runWorkload(bench, workload));
    const report = { machine, options: { rounds: options.rounds, seconds: options.seconds }, workloads: results };
    if (options.isProfiling) return printProfile(PROFILE_DIR);
    printReport(report);
    const isWhole = options.only === null && options.peers === null && !options.quick;
    writeReport(report, isWhole ? `${ROOT_DIR}docs/measurements` : ARTIFACTS_DIR);
    if (results.some(({ failure }) => failure !== undefined)) process.exitCode = 1;
  } finally {
    await database.close();
  }
}

/** @param {Options} options */
function chooseWorkloads({ only, peers }) {
  refuseUnknown(only ?? [], WORKLOADS);
  refuseUnknown(peers ?? [], [...REST_PEERS, ...GRAPHQL_PEERS]);
  return WORKLOADS.filter(({ name, isOnRequest }) => (only === null ? !isOnRequest : only.includes(name)));
}

/**
 * @param {readonly string[]} names
 * @param {readonly { name: string }[]} known
 */
function refuseUnknown(names, known) {
  const unknown = names.filter((name) => !known.some((one) => one.name === name));
  if (unknown.length === 0) return;
  const choice = known.map(({ name }) => name).join(", ");
  console.error(`Unknown name: ${unknown.join(", ")}. The names are ${choice}.`);
  process.exit(2);
}

/**
 * @param {Options} options
 * @param {BenchDatabase} database
 * @returns {Promise<Bench>}
 */
async function createBench(options, database) {
  const say = (text) => console.log(text);
  const url = await createDataOnce(database, say);
  const apiKey = createApiKey(url);
  return {
    options,
    database,
    url,
    apiKey,
    say,
    start: (competitor, environment = {}) =>
      startServer(
        competitor.file,
        { DATABASE_URL: url, ...competitor.environment, ...environment },
        options.isProfiling && competitor.file === OURS.file ? ["--cpu-prof", `--cpu-prof-dir=${PROFILE_DIR}`] : [],
      ),
    peers: (peers) => peers.filter(({ name }) => options.peers === null || options.peers.includes(name)),
  };
}

/** Creates the key of an ordinary user, because the access rule is part of the measurement. */
function createApiKey(url) {
  const args = [`${ROOT_DIR}dist/cli/keys.js`, "create", "--user", DATA.userId, "--name", "bench"];
  const environment = { PATH: process.env.PATH, DATABASE_URL: url };
  return execFileSync(process.execPath, args, { env: environment, stdio: ["ignore", "pipe", "ignore"] })
    .toString()
    .trim();
}

/**
 * @param {Bench} bench
 * @param {Workload} workload
 * @returns {Promise<ReportedResult>}
 */
async function runWorkload(bench, { name, title, run }) {
  bench.say(`\n${name}: ${title}`);
  try {
    return { name, title, notices: [], ...(await run(bench)) };
  } catch (error) {
    bench.say(`  failed: ${error.stack}`);
    return { name, title, notices: [], rows: [], failure: error.message };
  }
}

/** @param {BenchDatabase} database */
function describeMachine(database) {
  const cores = cpus();
  return {
    cores: cores.length,
    cpu: cores[0]?.model ?? "unknown",
    node: process.versions.node,
    postgres: database.version,
    commit: readCommit(),
  };
}

/** The current commit, or null outside a git work tree. */
function readCommit() {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: ROOT_DIR, stdio: ["ignore", "pipe", "ignore"] })
      .toString()
      .trim();
  } catch {
    return null;
  }
}
