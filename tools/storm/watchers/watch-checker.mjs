/** The report shows this many faults. */
const MAX_EXAMPLES = 8;

const keyOf = ({ task, job, version }) => `${task} ${job} ${version}`;

/**
 * A watcher must receive the last version of each job, and never one that was not committed, was deleted or belongs to
 * another task. It must receive no older version after a newer one, and no change after another that began when the first
 * was already committed.
 */
export function checkWatchers({ changes, counts }, records) {
  const committed = new Map(changes.map((change) => [keyOf(change), change]));
  const newest = new Map();
  for (const change of changes) {
    const key = `${change.task} ${change.job}`;
    if (change.version >= (newest.get(key)?.version ?? 0)) newest.set(key, change);
  }
  /** @type {{ delivered: number, repeated: number, replaced: number, breaks: number, refusals: number,
   *   byFault: Record<string, number>, examples: object[] }} */
  const verdict = { delivered: 0, repeated: 0, replaced: 0, breaks: 0, refusals: 0, byFault: {}, examples: [] };

  function blame(fault, example) {
    verdict.byFault[fault] = (verdict.byFault[fault] ?? 0) + 1;
    if (verdict.examples.length < MAX_EXAMPLES) verdict.examples.push({ fault, ...example });
  }

  for (const record of records) {
    const { name, task, statuses, deliveries, seen } = record;
    const matches = ({ status, isDeleted }) => !isDeleted && (statuses?.includes(status) ?? true);
    const received = new Set();
    const versions = new Map();
    const positions = new Map();
    verdict.breaks += record.breaks;
    verdict.refusals += record.refusals;
    for (const fault of record.faults) blame("ended stream", { name, message: fault });
    for (const job of deliveries) {
      const change = job === null ? undefined : committed.get(keyOf(job));
      verdict.delivered += 1;
      if (job !== null && job.task !== task) blame("foreign", { name, job });
      else if (change === undefined || change.status !== job.status || !matches(change)) blame("wrong", { name, job });
      else {
        if (job.version < (versions.get(job.job) ?? -1))
          blame("older version", { name, job, newer: versions.get(job.job) });
        versions.set(job.job, Math.max(job.version, versions.get(job.job) ?? -1));
        const key = keyOf(job);
        if (received.has(key)) {
          verdict.repeated += 1;
          continue;
        }
        received.add(key);
        const last = positions.get(change.chain) ?? -1;
        if (change.position < last) blame("out of order", { name, change, after: last });
        positions.set(change.chain, Math.max(last, change.position));
      }
    }
    if (record.seesJobs) {
      for (const change of newest.values()) {
        if (change.task === task && matches(change) && seen.get(change.job) !== change.version)
          blame("missed", { name, change, seen: seen.get(change.job) ?? null });
      }
      const expected = changes.filter((change) => change.task === task && matches(change));
      verdict.replaced += expected.filter((change) => !received.has(keyOf(change))).length;
    }
    if (record.seesProgress) {
      const expected = counts.get(task);
      const isEqual = Object.keys(expected).every((word) => expected[word] === record.counts?.[word]);
      if (!isEqual) blame("wrong count", { name, expected, counts: record.counts });
    }
    if (record.completes && !record.isComplete) blame("pending", { name });
  }
  return verdict;
}
