import { parseArgs } from "node:util";
import { type Config, readConfig } from "../config.ts";
import type { Sql } from "../db/client.ts";
import { describeDatabase } from "../db/connection-url.ts";
import { findDemoTaskId } from "../server/demo.ts";
import { type SimulationCounts, simulateVerifier } from "../simulation/simulate-verifier.ts";
import { simulationQueries } from "../simulation/simulation.queries.ts";
import { parseRate } from "../values/environment.ts";
import { pluralize } from "../values/pluralize.ts";
import { openProgress } from "./progress.ts";
import { requireTaskId, runCommand, STOPPED, stopSignal, UsageError } from "./run-command.ts";
import { withDatabase } from "./with-database.ts";

const DEFAULT_RATE = "20/s";
const MAX_JOBS_PER_SECOND = 1000;
const RESTART_COMMAND = "npm run simulate -- --restart";

const USAGE = `Usage:
  npm run simulate                     verifies the pending jobs of the sample
  ${RESTART_COMMAND}        verifies all jobs of the sample again, which takes 100 seconds
  npm run simulate -- TASK [--rate RATE] [--yes]

Acts as a verifier, so that a running server has changes to show: pending jobs become processing, and a second later
completed with a made-up result, or failed. The result depends on the address alone. No message is sent.

  TASK         the id of the task; the default is the sample of the embedded database
  --rate RATE  jobs per second, minute or hour, such as 20/s or 90/m; the default is ${DEFAULT_RATE}, and the maximum ${MAX_JOBS_PER_SECOND}/s
  --restart    first sets all jobs of the sample to pending, which discards their results
  --yes        allows made-up results in the database at DATABASE_URL

The database is DATABASE_URL, or the embedded database. NODE_ENV=production refuses the command. Ctrl-C stops it.`;

interface Command {
  readonly taskId: string;
  readonly isDemo: boolean;
  readonly restart: boolean;
  readonly rate: string;
  readonly jobsPerSecond: number;
}

runCommand({
  script: "simulate",
  usage: USAGE,
  async run() {
    const command = await readCommand();
    const signal = stopSignal();
    try {
      await withDatabase(({ sql }) => simulate(sql, command, signal));
    } catch (error) {
      // On a terminal, Ctrl-C also stops the embedded PostgreSQL, so any error may be a consequence of the signal.
      if (!signal.aborted) throw error;
    }
    if (!signal.aborted) return;
    console.error(`Stopped. To continue, run the command again${command.restart ? " without --restart" : ""}.`);
    process.exitCode = STOPPED;
  },
});

async function readCommand(): Promise<Command> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rate: { type: "string", default: DEFAULT_RATE },
      restart: { type: "boolean", default: false },
      yes: { type: "boolean", default: false },
    },
  });
  const [given, ...more] = positionals;
  if (more.length > 0) throw new UsageError("only one TASK can be verified at a time");
  if (given !== undefined) requireTaskId(given);
  const jobsPerSecond = readJobsPerSecond(values.rate);
  const config = readConfig(process.env);
  refuseRealResults(config, { taskId: given, yes: values.yes });

  const demoTaskId = config.databaseUrl === null ? await findDemoTaskId(config.dataDir) : null;
  const taskId = given?.toLowerCase() ?? demoTaskId;
  if (taskId === null) throw new Error("There is no sample yet: run npm start, which creates it, or name a TASK.");
  const isDemo = taskId === demoTaskId;
  if (values.restart && !isDemo) {
    throw new UsageError("--restart discards results, so it works only on the sample of the embedded database");
  }
  return { taskId, isDemo, restart: values.restart, rate: values.rate, jobsPerSecond };
}

function readJobsPerSecond(text: string): number {
  const rate = parseRate(text);
  const jobsPerSecond = rate === null ? 0 : rate.points / rate.windowSeconds;
  if (jobsPerSecond > 0 && jobsPerSecond <= MAX_JOBS_PER_SECOND) return jobsPerSecond;
  throw new UsageError(`--rate must be a rate up to ${MAX_JOBS_PER_SECOND}/s, such as 20/s, 90/m or 500/h`);
}

/** Made-up results must not reach a production database because a shell happens to have its DATABASE_URL. */
function refuseRealResults({ databaseUrl }: Config, { taskId, yes }: { taskId: string | undefined; yes: boolean }) {
  if (process.env.NODE_ENV === "production") {
    throw new Error("The results are made up, so the command does not run with NODE_ENV=production.");
  }
  if (databaseUrl === null) return;
  if (taskId === undefined) throw new UsageError("TASK is required with DATABASE_URL");
  if (!yes) {
    throw new UsageError(
      `the results are made up: add --yes to write them to task ${taskId} in ${describeDatabase(databaseUrl)}`,
    );
  }
}

async function simulate(sql: Sql, command: Command, signal: AbortSignal): Promise<void> {
  const { taskId, isDemo, restart, rate, jobsPerSecond } = command;
  const queries = simulationQueries(sql, taskId);
  if (!(await queries.taskExists())) throw new Error(`There is no task ${taskId}.`);
  if (restart) await queries.restart();

  const startedMs = performance.now();
  let progress: ReturnType<typeof openProgress> | null = null;
  const done = await simulateVerifier(queries, {
    jobsPerSecond,
    signal,
    onStart(jobs) {
      if (jobs === 0) return;
      const seconds = Math.ceil(jobs / jobsPerSecond) + 1;
      console.error(
        `Verifying ${pluralize(jobs, "job")} of task ${taskId} at ${rate}: ${pluralize(seconds, "second")}.`,
      );
      progress = openProgress(process.stderr, jobs);
    },
    onProgress({ completed, failed }) {
      progress?.update({ phase: "verifying", rows: completed + failed, bytes: 0 });
    },
  }).finally(() => progress?.close());
  printResult(done, { taskId, seconds: (performance.now() - startedMs) / 1000 });
  if (isDemo && !signal.aborted) console.log(`To verify all jobs of the sample again, run: ${RESTART_COMMAND}`);
}

function printResult(
  { completed, failed }: SimulationCounts,
  { taskId, seconds }: { taskId: string; seconds: number },
) {
  if (completed + failed === 0) {
    console.log(`No job of task ${taskId} is pending.`);
    return;
  }
  console.log(`completed      ${completed.toLocaleString("en")}`);
  console.log(`failed         ${failed.toLocaleString("en")}`);
  console.log(`seconds        ${seconds.toFixed(1)}`);
  console.log(`task           ${taskId}`);
  console.log(`read it at     GET /api/v1/tasks/${taskId}`);
}
