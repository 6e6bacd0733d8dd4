import { expect, test } from "vitest";
import { createWriterLog, judgeState } from "../../tools/storm/replicas/growing-checker.mjs";
import { FIRST_JOBS, restBody } from "../../tools/storm/replicas/growing-data.mjs";
import { GROWING_ENDPOINTS } from "../../tools/storm/replicas/growing-endpoints.mjs";

const BOUNDS = { lowest: 310, oldest: 305, newest: 320 };
const PAGE = { task: 1, limit: 5, offset: 0 };

test.each([
  ["the state of the token", { atLeast: 310, atMost: 310, version: 310 }, "right"],
  ["emails that are newer than their jobs", { atLeast: 310, atMost: 310, version: 315 }, "right"],
  ["fewer jobs than the caller has seen", { atLeast: 309, atMost: 309, version: 310 }, "back in time"],
  ["emails that are older than their jobs", { atLeast: 312, atMost: 312, version: 311 }, "wrong"],
  ["jobs that were never written", { atLeast: 321, atMost: 321, version: 321 }, "wrong"],
  ["emails that were never written", { atLeast: 320, atMost: 320, version: 321 }, "wrong"],
  ["the page of no state", null, "wrong"],
])("the checker judges %s as it should", (_, state, verdict) => {
  expect(judgeState(state, BOUNDS)).toBe(verdict);
});

test("the checker finds a page that is older than the limit allows", () => {
  const state = { atLeast: 304, atMost: 304, version: 304 };
  expect(judgeState(state, { ...BOUNDS, lowest: 0 })).toBe("too old");
});

test("the checker reads the state of a page, and finds no state in a page with another row", () => {
  const body = restBody(310, 312, PAGE);
  expect(GROWING_ENDPOINTS.rest.readState(body, PAGE)).toEqual({ atLeast: 310, atMost: 310, version: 312 });
  expect(GROWING_ENDPOINTS.rest.readState(body.replace("j309.", "j308."), PAGE)).toBeNull();
  expect(GROWING_ENDPOINTS.rest.readState(body.replace('"v312"', '"diverged"'), PAGE)).toBeNull();
});

test("the checker requires a write in responses from its commit on", () => {
  const writes = createWriterLog();
  writes.begin(1, 301);
  expect([writes.begun(1), writes.committed(1)]).toEqual([301, FIRST_JOBS]);
  writes.commit(1, 301, 1000);
  expect([writes.committed(1, 999), writes.committed(1, 1000)]).toEqual([FIRST_JOBS, 301]);
});
