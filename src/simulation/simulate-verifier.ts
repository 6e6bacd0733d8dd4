import { setTimeout as delay } from "node:timers/promises";
import { isMissingReference } from "../db/faults.ts";
import { simulateResult } from "./simulated-result.ts";
import type { ClaimedJob, SimulationQueries } from "./simulation.queries.ts";

/** How long a job is in processing, so that readers can see this status. */
const PROCESSING_MS = 1000;
const TICK_MS = 100;
/** How often a verifier without a job looks whether one is pending again. */
const IDLE_MS = 1000;
/** A job that has been in processing for longer belongs to a verifier that has ended. */
const ABANDONED_AFTER_S = 10;

interface Simulation {
  readonly jobsPerSecond: number;
  readonly signal: AbortSignal;
  /** Called once at the start. */
  readonly onStart: (jobs: number) => void;
  readonly onProgress: (done: SimulationCounts) => void;
}

export interface SimulationCounts {
  readonly completed: number;
  readonly failed: number;
}

interface Batch {
  readonly jobs: readonly ClaimedJob[];
  readonly finishAtMs: number;
}

/** Verifies the pending jobs of a task until none is left or the signal aborts. */
export async function simulateVerifier(
  queries: SimulationQueries,
  { jobsPerSecond, signal, onStart, onProgress }: Simulation,
): Promise<SimulationCounts> {
  const done = { completed: 0, failed: 0 };
  const inProgress: Batch[] = [];
  const takeAllowance = createAllowance(jobsPerSecond);

  await queries.releaseAbandoned(ABANDONED_AFTER_S);
  onStart(await queries.countUnfinished());
  while (!signal.aborted) {
    const limit = takeAllowance();
    const jobs = limit === 0 ? [] : await queries.claimPending(limit);
    if (jobs.length > 0) inProgress.push({ jobs, finishAtMs: performance.now() + PROCESSING_MS });

    for (const { jobs } of takeDue(inProgress)) {
      const { completed, failed } = await finishJobs(queries, jobs);
      done.completed += completed;
      done.failed += failed;
      onProgress(done);
    }

    const isIdle = limit > 0 && inProgress.length === 0;
    if (isIdle && (await isComplete(queries))) return done;
    await delay(isIdle ? IDLE_MS : TICK_MS, undefined, { signal }).catch(() => {});
  }
  await queries.release(inProgress.flatMap((batch) => batch.jobs.map(({ id }) => id)));
  return done;
}

/**
 * Returns a function that returns how many jobs may begin now. After an interruption, at most the jobs of one second are
 * caught up.
 */
function createAllowance(jobsPerSecond: number): () => number {
  const max = Math.max(1, jobsPerSecond);
  let allowance = 1;
  let checkedAtMs = performance.now();
  return () => {
    const nowMs = performance.now();
    allowance = Math.min(max, allowance + ((nowMs - checkedAtMs) / 1000) * jobsPerSecond);
    checkedAtMs = nowMs;
    const jobs = Math.floor(allowance);
    allowance -= jobs;
    return jobs;
  };
}

/** Removes the batches that have been in progress for long enough. */
function takeDue(inProgress: Batch[]): Batch[] {
  const now = performance.now();
  const later = inProgress.findIndex(({ finishAtMs }) => finishAtMs > now);
  return inProgress.splice(0, later === -1 ? inProgress.length : later);
}

export async function finishJobs(queries: SimulationQueries, jobs: readonly ClaimedJob[]): Promise<SimulationCounts> {
  const results = new Map(jobs.map(({ id, address }) => [id, simulateResult(address)]));
  const finished = [...results].map(([id, result]) => ({ id, emailId: result?.id ?? null }));
  for (;;) {
    await queries.saveResults([...results.values()].filter((result) => result !== null));
    try {
      return await queries.finish(finished);
    } catch (error) {
      // Another command may delete a record between the two statements.
      if (!isMissingReference(error)) throw error;
    }
  }
}

/** Jobs in processing belong to another verifier. If it has ended, they become pending. */
async function isComplete(queries: SimulationQueries): Promise<boolean> {
  return (await queries.releaseAbandoned(ABANDONED_AFTER_S)) === 0 && (await queries.countUnfinished()) === 0;
}
