import { FIRST_JOBS, TASKS } from "./growing-data.mjs";

/** The number of jobs that the writer has written to each task, over time. */
export function createWriterLog() {
  const tasks = Array.from({ length: TASKS + 1 }, () => ({
    begun: FIRST_JOBS,
    commits: [{ at: Number.NEGATIVE_INFINITY, count: FIRST_JOBS }],
  }));
  return {
    /** The write may be visible from now on. */
    begin(task, count) {
      tasks[task].begun = count;
    },
    /** The write must be visible to reads of the primary that begin after this moment. */
    commit(task, count, at = performance.now()) {
      tasks[task].commits.push({ at, count });
    },
    begun: (task) => tasks[task].begun,
    committed: (task, at = performance.now()) => tasks[task].commits.findLast((commit) => commit.at <= at)?.count ?? 0,
  };
}

/**
 * Judges the state that a response shows: "right", "back in time" for a state before the caller's token, "too old" for a
 * replica beyond the limit, or "wrong" for a state that never existed. The emails are read after the jobs, from the same
 * server, so their version is never older.
 */
export function judgeState(state, { lowest, oldest, newest }) {
  if (state === null || state.atLeast > newest) return "wrong";
  const version = state.version ?? state.atMost;
  if (version < state.atLeast || (state.version ?? 0) > newest) return "wrong";
  if (state.atMost < lowest || version < lowest) return "back in time";
  return state.atMost < oldest ? "too old" : "right";
}

/** The answers of a run by the fault that was injected when their requests began. */
export function createTally() {
  const faults = new Map();
  const examples = [];
  return {
    faults,
    examples,
    count(fault, { verdict, ms, example }) {
      const row = faults.get(fault) ?? { answers: 0, right: 0, slowest: 0 };
      faults.set(fault, row);
      row.answers += 1;
      row[verdict] = (row[verdict] ?? 0) + 1;
      row.slowest = Math.max(row.slowest, ms);
      if (verdict !== "right" && examples.length < 5) examples.push({ fault, verdict, ms, ...example });
    },
  };
}
