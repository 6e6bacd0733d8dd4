import { isDeepStrictEqual } from "node:util";

/** @import { Job } from "../types.ts" */

/**
 * Throws unless both lists contain the same jobs in the same order with the same values.
 * @param {readonly Job[]} jobs
 * @param {readonly Job[]} expected
 */
export function assertSameJobs(jobs, expected) {
  if (jobs.length !== expected.length) throw new Error(`returned ${jobs.length} jobs instead of ${expected.length}`);
  const wanted = expected.map(comparableJob);
  for (const [index, job] of jobs.map(comparableJob).entries()) {
    if (isDeepStrictEqual(job, wanted[index])) continue;
    const [actual, other] = [job, wanted[index]].map((value) => JSON.stringify(value));
    throw new Error(`returned a different job at index ${index}:\n${actual}\ninstead of\n${other}`);
  }
}

/**
 * Converts a job of either API to one shape: names in camelCase, statuses in lower case, times in milliseconds.
 * @param {Job} row
 */
function comparableJob(row) {
  const { email, ...job } = camelCased(row);
  return {
    ...job,
    status: job.status.toLowerCase(),
    createdAt: Date.parse(job.createdAt),
    updatedAt: Date.parse(job.updatedAt),
    email: email == null ? null : comparableEmail(camelCased(email)),
  };
}

function comparableEmail(email) {
  return { ...email, validatedAt: email.validatedAt === null ? null : Date.parse(email.validatedAt) };
}

function camelCased(row) {
  const names = Object.entries(row).map(([name, value]) => [
    name.replace(/_(.)/g, (_, letter) => letter.toUpperCase()),
    value,
  ]);
  return Object.fromEntries(names);
}
