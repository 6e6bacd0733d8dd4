import { isDeepStrictEqual } from "node:util";

/** Converts jobs of both APIs to one shape: names in camelCase, statuses in lower case, times in milliseconds. */
export function comparableJobs(jobs) {
  return jobs.map((job) => {
    const { email, ...rest } = camelCased(job);
    return {
      ...rest,
      status: rest.status.toLowerCase(),
      createdAt: Date.parse(rest.createdAt),
      updatedAt: Date.parse(rest.updatedAt),
      email: email == null ? null : comparableEmail(camelCased(email)),
    };
  });
}

/** Throws unless both lists contain the same jobs in the same order with the same values. */
export function assertSameJobs(jobs, expected) {
  if (jobs.length !== expected.length) throw new Error(`gave ${jobs.length} jobs instead of ${expected.length}`);
  for (const [index, job] of comparableJobs(jobs).entries()) {
    const wanted = comparableJobs([expected[index]])[0];
    if (isDeepStrictEqual(job, wanted)) continue;
    throw new Error(`gave another job ${index}:\n${JSON.stringify(job)}\ninstead of\n${JSON.stringify(wanted)}`);
  }
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
