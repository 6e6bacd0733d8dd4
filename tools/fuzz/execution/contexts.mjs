import { setTimeout } from "node:timers/promises";
import { createRequestContext } from "#server/context.js";
import { openDatabase } from "#server/db/client.js";
import { emailQueries } from "#server/email/email.queries.js";
import { Failure } from "#server/errors.js";
import { readJob } from "#server/job-search/job-record.js";
import { jobSearchQueries } from "#server/job-search/job-search.queries.js";
import { taskChangeQueries } from "#server/live/task-change.queries.js";
import { createTaskWatcher } from "#server/live/watch-tasks.js";
import { watchedTaskQueries } from "#server/live/watched-task.queries.js";
import { createLog } from "#server/log.js";
import { jobQueries } from "#server/nodes/job.queries.js";
import { visibleEmailQueries } from "#server/nodes/visible-email.queries.js";
import { taskJobQueries } from "#server/task-jobs/task-job.queries.js";
import { createTaskProgressReader } from "#server/tasks/progress/read-task-progress.js";
import { taskProgressQueries } from "#server/tasks/progress/task-progress.queries.js";
import { taskQueries } from "#server/tasks/task.queries.js";
import { deadlineIn } from "#server/values/deadline.js";
import { createVerificationMetricsReader } from "#server/verification-metrics/read-verification-metrics.js";
import { verificationMetricsQueries } from "#server/verification-metrics/verification-metrics.queries.js";
import { userId, VIEWERS } from "../data.mjs";

const TIMEOUT_MS = 60_000;
const MAX_CACHED = 20_000;
const FAULTS = ["none", "none", "emails", "states", "viewer"];

/** Creates request contexts like the server's, for the owner of the tasks. In some contexts a part always fails. */
export function openContexts(databaseUrl) {
  const database = openDatabase({
    url: databaseUrl,
    maxConnections: 20,
    preparedStatements: true,
    statementTimeoutMs: TIMEOUT_MS,
  });
  const log = createLog("silent", { write() {} });
  // The fuzzer sends no subscriptions, so no task is watched.
  const live = {
    taskChanges: taskChangeQueries(database.searches),
    watchTask: createTaskWatcher(watchedTaskQueries(database), { onLook() {}, lookEveryMs: undefined }).watch,
  };
  const queries = {
    ...live,
    taskJobs: cached(taskJobQueries(database)),
    emails: cached(emailQueries(database)),
    jobs: cached(jobQueries(database)),
    visibleEmails: cached(visibleEmailQueries(database)),
    jobSearches: cached(jobSearchQueries(database.searches)),
    tasks: cached(taskQueries(database)),
    ...cached({
      readProgress: createTaskProgressReader(taskProgressQueries(database.counts)),
      readMetrics: createVerificationMetricsReader(verificationMetricsQueries(database.counts)),
    }),
  };
  const { taskJobs, emails, jobs, visibleEmails, jobSearches, tasks, readProgress, readMetrics } = queries;
  const delayed = {
    ...live,
    taskJobs: delaying(taskJobs),
    emails: delaying(emails),
    jobs: delaying(jobs),
    visibleEmails: delaying(visibleEmails),
    jobSearches: delaying(jobSearches),
    tasks: delaying(tasks),
    ...delaying({ readProgress, readMetrics }),
  };
  const viewer = { userId: userId(VIEWERS.owner.user), isAdmin: false };

  /** @returns {any} */
  function contextWith(fault, { isDelayed = false } = {}) {
    /** @type {any} */
    const details = { viewer, requestId: "fuzz", deadline: deadlineIn(TIMEOUT_MS), response: { closed: true } };
    const context = createRequestContext(isDelayed ? delayed : queries, details, log);
    if (fault === "viewer") return { ...context, viewer: { ...viewer, isAdmin: "perhaps" } };
    if (fault === "emails") return { ...context, emailById: faulty(context.emailById) };
    if (fault === "states") return { ...context, taskJobs: withUnknownStates(context.taskJobs) };
    return context;
  }

  return {
    log,
    faultOf: (index) => FAULTS[index % FAULTS.length],
    contextWith,
    close: () => database.close(),
  };
}

/**
 * Caches results by statement and parameters, because nothing is written while the fuzzer runs.
 * @template {object} T
 * @param {T} queries
 */
function cached(queries) {
  const results = new Map();
  const cache = (name, read) => {
    return (...given) => {
      const key = `${name} ${JSON.stringify(given, withoutDeadline)}`;
      const known = results.get(key);
      if (known !== undefined) return known;
      if (results.size > MAX_CACHED) results.clear();
      const result = read(...given);
      results.set(key, result);
      result.catch(() => results.delete(key));
      return result;
    };
  };
  return mapMethods(queries, cache);
}

/**
 * Delays results at random, so that they arrive in any order.
 * @template {object} T
 * @param {T} queries
 */
function delaying(queries) {
  return mapMethods(queries, (_name, read) => async (...given) => {
    await setTimeout(Math.random() * 4);
    return read(...given);
  });
}

/**
 * @template {object} T
 * @param {T} queries
 * @param {(name: string, read: any) => unknown} change
 */
function mapMethods(queries, change) {
  const entries = Object.entries(queries).map(([name, read]) => [name, change(name, read)]);
  return /** @type {T} */ (Object.fromEntries(entries));
}

/** Removes deadlines from a key: they differ in each request, and are the only numbers that are not integers. */
function withoutDeadline(_name, value) {
  return typeof value === "number" && !Number.isInteger(value) ? undefined : value;
}

/** Some emails cannot be read, and some have values that GraphQL cannot serialize. */
function faulty(emailById) {
  return {
    async load(id) {
      const email = await emailById.load(id);
      const last = Number.parseInt(id.at(-1), 16);
      if (last % 3 === 0) throw new Failure("NOT_FOUND");
      return last % 3 === 1 ? { ...email, status: null, email: {} } : email;
    },
  };
}

/** Jobs in states that the schema does not have, whose statuses fail while emails are still being read. */
function withUnknownStates(taskJobs) {
  return {
    async findVisibleJobPage(request) {
      const page = await taskJobs.findVisibleJobPage(request);
      return page && { ...page, jobs: page.jobs.map(withUnknownState) };
    },
  };
}

/** Reads the job as the server reads its row. */
function withUnknownState({ id, taskId, emailId, emailAddress, createdAt, updatedAt }) {
  return readJob([id, emailId, emailAddress, "unheard", createdAt, updatedAt], taskId, 0);
}
