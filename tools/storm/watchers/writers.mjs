import { setTimeout as delay } from "node:timers/promises";
import { integerBelow } from "../../support/random.mjs";
import { statusOf, TASKS } from "./watched-data.mjs";
import { openWriter } from "./writer.mjs";

/** How long a change may take to reach all watchers, including the faults of that time. */
const ARRIVAL_TIMEOUT_MS = 25_000;

/**
 * Starts the writers of all tasks, one for each job. Task 1 has pairs of transactions that commit in the opposite order of
 * their start, task 2 deleted, restored, inserted and removed jobs, so that no other change can hide one that was missed,
 * and task 3 all kinds of changes at once.
 */
export function startWriters({ url, watchers, random, isOver }) {
  const versions = new Map();
  const missed = [];
  const arrivals = [];
  const writers = [];

  const writerOf = (name) => {
    const writer = openWriter(url, name);
    writers.push(writer);
    return writer;
  };
  const next = (task, job, { kind = "update", isEnd = false } = {}) => {
    const key = `${task} ${job}`;
    const version = (versions.get(key) ?? 0) + 1;
    versions.set(key, version);
    return { task, job, version, status: statusOf(job, version, isEnd), kind };
  };
  const pickJob = ([first, end]) => first + integerBelow(random, end - first);

  /** Waits until every watcher of the task has the changes, so that none of them may be replaced by a later one. */
  async function untilSeen(changes) {
    const startedAt = performance.now();
    const isSeen = ({ record, hasSeen }) =>
      changes.every(
        ({ task, job, version, status }) =>
          record.task !== task ||
          !record.seesJobs ||
          record.statuses?.includes(status) === false ||
          hasSeen(job, version),
      );
    while (!watchers.every(isSeen)) {
      if (performance.now() - startedAt > ARRIVAL_TIMEOUT_MS) {
        const late = watchers.filter((watcher) => !isSeen(watcher)).map(({ record }) => record.name);
        missed.push({ fault: "missed", watchers: late, changes });
        return;
      }
      await delay(10);
    }
    arrivals.push(performance.now() - startedAt);
  }

  async function untilCounted(task, total) {
    const startedAt = performance.now();
    const ofTask = watchers.filter(({ record }) => record.task === task && record.seesProgress);
    while (ofTask.some(({ record }) => record.counts?.total !== total)) {
      if (performance.now() - startedAt > ARRIVAL_TIMEOUT_MS) {
        missed.push({ fault: "wrong count", task, total, counted: ofTask.map(({ record }) => record.counts?.total) });
        return;
      }
      await delay(10);
    }
  }

  /** One change after another, each of which must reach all watchers. */
  async function step(task, jobs, name) {
    const writer = writerOf(name);
    while (!isOver()) {
      const change = next(task, pickJob(jobs));
      if (await writer.commit([change])) await untilSeen([change]);
    }
  }

  /** One change after another without waiting for the watchers, which may receive only the last of a job. */
  async function stream(task, jobs, { name, size, everyMs }) {
    const writer = writerOf(name);
    while (!isOver()) {
      const numbers = new Set(Array.from({ length: size }, () => pickJob(jobs)));
      await writer.commit([...numbers].map((job) => next(task, job)));
      await delay(everyMs);
    }
  }

  /** A long transaction and then at once a short one, whose change must not arrive before that of the long one. */
  async function slowStream(task, jobs, name) {
    const writer = writerOf(name);
    while (!isOver()) {
      const [slow, quick] = [next(task, pickJob(jobs)), next(task, pickJob(jobs))];
      await writer.commit([slow], () => delay(200 + random() * 800));
      await writer.commit([quick]);
    }
  }

  /** A transaction that begins, then another that begins, commits and arrives, and only then the commit of the first. */
  async function late(task, jobs, name) {
    const [early, overtaking] = [writerOf(`${name} first`), writerOf(`${name} second`)];
    const [first, end] = jobs;
    const middle = (first + end) >> 1;
    while (!isOver()) {
      const change = next(task, pickJob([first, middle]));
      const other = next(task, pickJob([middle, end]));
      const isCommitted = await early.commit([change], async () => {
        if (await overtaking.commit([other])) await Promise.race([untilSeen([other]), delay(4000)]);
      });
      if (isCommitted) await untilSeen([change]);
    }
  }

  /** Deletes and restores a job, and inserts and removes another. Their number must be in the progress each time. */
  async function remove(task, [first, end], name) {
    const writer = writerOf(name);
    const size = TASKS.find((each) => each.task === task)?.jobs ?? 0;
    // Whether a lost transaction is committed is unknown, so the change is repeated with a new version.
    const insist = async (job, kind) => {
      for (;;) {
        const change = next(task, job, { kind });
        if (await writer.commit([change])) return change;
      }
    };
    for (let number = end; !isOver(); number += 1) {
      const job = pickJob([first, end]);
      await insist(job, "delete");
      await untilCounted(task, size - 1);
      await untilSeen([await insist(job, "update")]);
      await untilCounted(task, size);
      await untilSeen([await insist(number, "insert")]);
      await untilCounted(task, size + 1);
      await insist(number, "remove");
      await untilCounted(task, size);
    }
  }

  const running = Promise.all([
    late(1, [1, 20], "late"),
    remove(2, [1, 30], "remove"),
    step(3, [1, 30], "step"),
    late(3, [30, 60], "busy late"),
    stream(3, [60, 100], { name: "stream a", size: 1, everyMs: 10 }),
    stream(3, [100, 140], { name: "stream b", size: 3, everyMs: 40 }),
    slowStream(3, [140, 160], "slow a"),
    slowStream(3, [160, 180], "slow b"),
    slowStream(3, [180, 200], "slow c"),
    stream(3, [200, 400], { name: "bulk", size: 150, everyMs: 700 }),
  ]);

  return {
    missed,
    arrivals,
    statistics: () => ({
      committed: writers.reduce((sum, { statistics }) => sum + statistics.committed, 0),
      lost: writers.reduce((sum, { statistics }) => sum + statistics.lost, 0),
    }),
    async ended() {
      await running;
      await Promise.all(writers.map(({ close }) => close()));
    },
    /** Gives all jobs that exist their last status, which completes the tasks. */
    async completeTasks(truth) {
      const writer = openWriter(url, "end");
      const newest = new Map();
      for (const { task, job, version, isDeleted } of truth.changes) {
        const key = `${task} ${job}`;
        versions.set(key, Math.max(version, versions.get(key) ?? 0));
        if (version > (newest.get(key)?.version ?? -1)) newest.set(key, { task, job, version, isDeleted });
      }
      const existing = [...newest.values()].filter(({ isDeleted }) => !isDeleted);
      const changes = existing.map(({ task, job }) => next(task, job, { isEnd: true }));
      while (!(await writer.commit(changes)));
      await writer.close();
    },
  };
}
