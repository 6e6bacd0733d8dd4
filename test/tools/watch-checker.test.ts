import { expect, test } from "vitest";
import { checkWatchers } from "../../tools/storm/watchers/watch-checker.mjs";

// The rules of `npm run storm -- --scenario watchers`, without a server.

const change = (job: number, version: number, columns: object = {}) => ({
  ...{ task: 1, job, version, chain: "writer 0", position: version, status: "pending", isDeleted: false },
  ...columns,
});
const delivered = (job: number, version: number, columns: object = {}) => ({
  ...{ task: 1, job, version, status: "pending" },
  ...columns,
});
type Delivery = ReturnType<typeof delivered> | null;

const TRUTH = {
  changes: [
    change(1, 0, { chain: "fill", position: 0 }),
    change(2, 0, { chain: "fill", position: 0 }),
    change(1, 1, { position: 1 }),
    change(2, 1, { position: 2 }),
    change(1, 2, { position: 3, isDeleted: true }),
    change(1, 3, { position: 4 }),
  ],
  counts: new Map([[1, { total: 2 }]]),
};
const ALL = [delivered(1, 0), delivered(2, 0), delivered(1, 1), delivered(2, 1), delivered(1, 3)];

function faultsOf(deliveries: Delivery[], columns: object = {}) {
  const seen = new Map<number, number>();
  for (const job of deliveries) if (job !== null) seen.set(job.job, Math.max(job.version, seen.get(job.job) ?? -1));
  const record = {
    ...{ name: "watcher", kind: "rest", task: 1, statuses: undefined, seesJobs: true, seesProgress: true },
    ...{ completes: true, deliveries, seen, counts: { total: 2 }, faults: [], breaks: 0, refusals: 0 },
    ...{ isComplete: true, mayComplete: true },
    ...columns,
  };
  return checkWatchers(TRUTH, [record]).byFault;
}

test("a watcher may receive changes again, and only the last of several changes of a job", () => {
  expect(faultsOf(ALL)).toEqual({});
  expect(faultsOf([...ALL, delivered(1, 3)])).toEqual({});
  expect(faultsOf([delivered(2, 1), delivered(1, 3)])).toEqual({});
  expect(faultsOf([...ALL.slice(0, 4), ...ALL.slice(3)])).toEqual({});
});

test.for<[string, Delivery[], object, string]>([
  ["the last change of a job is missing", ALL.slice(0, 4), {}, "missed"],
  ["a change was never committed", [...ALL, delivered(3, 0)], {}, "wrong"],
  ["a deleted version is delivered", [...ALL.slice(0, 4), delivered(1, 2), delivered(1, 3)], {}, "wrong"],
  ["the status is that of another version", [...ALL, delivered(2, 1, { status: "failed" })], {}, "wrong"],
  ["a job contradicts itself", [...ALL, null], {}, "wrong"],
  ["a job belongs to another task", [...ALL, delivered(1, 1, { task: 2 })], {}, "foreign"],
  ["a job goes back to an older version", [...ALL, delivered(1, 1)], {}, "older version"],
  ["a later change of a writer comes first", [delivered(1, 0), delivered(2, 1), ...ALL.slice(2)], {}, "out of order"],
  ["the progress ends with a wrong count", ALL, { counts: { total: 1 } }, "wrong count"],
  ["the stream does not complete", ALL, { isComplete: false }, "pending"],
  ["the stream ended with an error", ALL, { faults: ["NOT_FOUND"] }, "ended stream"],
  ["a job does not match the filter", ALL, { statuses: ["failed"] }, "wrong"],
])("the checker of watchers reports that %s", ([_, deliveries, columns, fault]) => {
  expect(Object.keys(faultsOf(deliveries, columns))).toEqual([fault]);
});
