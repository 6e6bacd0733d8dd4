import { setTimeout as delay } from "node:timers/promises";
import { WATCHER_KINDS } from "./watcher-kinds.mjs";

const RECONNECT_AFTER_MS = 100;
/** The statuses and codes of a stream that is refused while the database or the server is unavailable. */
const OUTAGE = /^(503|504|DEPENDENCY_UNAVAILABLE|DEPENDENCY_TIMEOUT)$/;

/**
 * @typedef {object} Watched What a watcher has received.
 * @property {string} name
 * @property {string} kind
 * @property {number} task
 * @property {string[] | undefined} statuses Only jobs with these statuses are delivered.
 * @property {boolean} seesJobs
 * @property {boolean} seesProgress
 * @property {boolean} completes
 * @property {({ task: number, job: number, version: number, status: string } | null)[]} deliveries Every delivered job in its
 *   order. Null for a job that contradicts itself.
 * @property {Map<number, number>} seen The newest version of each job.
 * @property {Record<string, number> | null} counts
 * @property {string[]} faults
 * @property {number} breaks
 * @property {number} refusals
 * @property {boolean} isComplete
 * @property {boolean} mayComplete Whether the task is complete.
 */

/**
 * Watches a task until it completes or `close` is called, and connects to the next server and resumes after every break.
 * @param {{ name: string, kind: string, task: number, statuses?: string[], key: string, origins: string[], first: number }} options
 */
export function openWatcher({ name, kind, task, statuses, key, origins, first }) {
  const { connect, read, seesJobs = false, seesProgress = false, completes = false } = WATCHER_KINDS[kind];
  /** @type {Watched} */
  const record = {
    ...{ name, kind, task, statuses, seesJobs, seesProgress: seesProgress && statuses === undefined, completes },
    deliveries: [],
    seen: new Map(),
    counts: null,
    faults: [],
    breaks: 0,
    refusals: 0,
    isComplete: false,
    mayComplete: false,
  };
  let cursor = null;
  let isClosed = false;
  /** @type {ReturnType<typeof connect> | null} */
  let current = null;
  const ended = run();

  async function run() {
    for (let attempt = first; !isClosed && !record.isComplete; attempt++) {
      const origin = origins[attempt % origins.length];
      const received = await watch(origin);
      if (received === 0) record.refusals += 1;
      else record.breaks += 1;
      if (!isClosed && !record.isComplete) await delay(RECONNECT_AFTER_MS);
    }
  }

  /** Resolves to the number of received events when the connection is closed. */
  async function watch(origin) {
    let received = 0;
    let hasFailed = false;
    const noteFailure = (code) => {
      hasFailed = true;
      if (received > 0 || !OUTAGE.test(code)) record.faults.push(`${code} after ${received} events of a connection`);
    };
    const accept = (event) => {
      const { jobs = [], counts, cursor: newCursor, isComplete = false, failure } = read(event);
      for (const job of jobs) {
        record.deliveries.push(job);
        if (job !== null) record.seen.set(job.job, Math.max(job.version, record.seen.get(job.job) ?? -1));
      }
      if (counts !== undefined) record.counts = counts;
      if (newCursor) cursor = newCursor;
      if (failure !== undefined) noteFailure(failure);
      // GraphQL also sends `complete` after an error.
      if (!isComplete || hasFailed) return;
      if (!record.mayComplete) record.faults.push("the stream completed before the task");
      record.isComplete = true;
    };
    const onEvent = (event) => {
      accept(event);
      received += 1;
    };
    current = connect({ origin, key }, { task, statuses, cursor }, { onEvent, onFailure: noteFailure });
    await current.ended;
    return received;
  }

  return {
    record,
    ended,
    hasSeen: (job, version) => (record.seen.get(job) ?? -1) >= version,
    /** Disconnects as a broken network would. */
    cut: () => current?.cut(),
    /** Stops reading. */
    async stall(ms) {
      const stalled = current;
      stalled?.pause();
      await delay(ms);
      stalled?.resume();
    },
    close() {
      isClosed = true;
      current?.cut();
    },
  };
}
