import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { DATA, ensureData } from "./harness/data.mjs";
import { openBenchDatabase } from "./harness/database.mjs";
import { startServer } from "./harness/server-process.mjs";
import { OURS } from "./opponents.mjs";
import { printProfile } from "./report/profile.mjs";
import { writeReport } from "./report/report.mjs";
import { printTable } from "./report/terminal.mjs";
import { WORKS } from "./works/works.mjs";

const ROOT_DIR = fileURLToPath(new URL("..", import.meta.url));
const ARTIFACTS_DIR = `${ROOT_DIR}.artifacts/bench`;
const PROFILE_DIR = `${ARTIFACTS_DIR}/profile`;

export async function runBenchmark(options) {
  if (options.list) {
    for (const { name, title } of WORKS) console.log(`${name.padEnd(17)}${title}`);
    return;
  }
  const works = chooseWorks(options);
  mkdirSync(ARTIFACTS_DIR, { recursive: true });
  rmSync(PROFILE_DIR, { recursive: true, force: true });
  // process.exit() runs the exit handlers, which end the servers. A signal alone would not.
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

  const database = await openBenchDatabase(ARTIFACTS_DIR);
  try {
    const bench = await openBench(options, database);
    const machine = describeMachine(database);
    bench.say(`${machine.cores} cores (${machine.cpu}), Node ${machine.node}, PostgreSQL ${machine.postgres}`);
    const results = [];
    for (const work of works) results.push(await runWork(bench, work));
    const report = { machine, options: { rounds: options.rounds, seconds: options.seconds }, works: results };
    if (options.isProfiling) return printProfile(PROFILE_DIR);
    printTable(report);
    const isWhole = options.only === null && options.peers === null && !options.quick;
    writeReport(report, isWhole ? `${ROOT_DIR}docs/measurements` : ARTIFACTS_DIR);
    if (results.some(({ failure }) => failure !== undefined)) process.exitCode = 1;
  } finally {
    await database.close();
  }
}

function chooseWorks({ only }) {
  const unknown = (only ?? []).filter((name) => !WORKS.some((work) => work.name === name));
  if (unknown.length > 0)
    throw new Error(`There is no benchmark called ${unknown.join(", ")}: see npm run bench -- --list`);
  return WORKS.filter(({ name, isOnRequest }) => (only === null ? !isOnRequest : only.includes(name)));
}

/** The context that every benchmark receives. */
async function openBench(options, database) {
  const say = (text) => console.log(text);
  const url = await ensureData(database, say);
  const apiKey = makeApiKey(url);
  return {
    options,
    database,
    url,
    apiKey,
    say,
    start: (opponent, environment = {}) =>
      startServer(
        opponent.file,
        { DATABASE_URL: url, ...opponent.environment, ...environment },
        options.isProfiling && opponent.file === OURS.file ? ["--cpu-prof", `--cpu-prof-dir=${PROFILE_DIR}`] : [],
      ),
    peers: (peers) => peers.filter(({ name }) => options.peers === null || options.peers.includes(name)),
  };
}

/** The key of an ordinary user, because the access rule is part of the measurement. */
function makeApiKey(url) {
  const args = [`${ROOT_DIR}dist/cli/keys.js`, "create", "--user", DATA.userId, "--name", "bench"];
  const environment = { PATH: process.env.PATH, DATABASE_URL: url };
  return execFileSync(process.execPath, args, { env: environment, stdio: ["ignore", "pipe", "ignore"] })
    .toString()
    .trim();
}

async function runWork(bench, { name, title, run }) {
  bench.say(`\n${name}: ${title}`);
  try {
    return { name, title, notices: [], ...(await run(bench)) };
  } catch (error) {
    bench.say(`  failed: ${error.stack}`);
    return { name, title, notices: [], rows: [], failure: error.message };
  }
}

function describeMachine(database) {
  const [first] = cpus();
  return {
    cores: cpus().length,
    cpu: first?.model ?? "unknown",
    node: process.versions.node,
    postgres: database.version,
    commit: commit(),
  };
}

/** The current commit, or null outside a git work tree. */
function commit() {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: ROOT_DIR, stdio: ["ignore", "pipe", "ignore"] })
      .toString()
      .trim();
  } catch {
    return null;
  }
}
