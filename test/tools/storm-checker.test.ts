import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { checkHistory } from "../../tools/storm/checker.mjs";
import { ENDPOINTS } from "../../tools/storm/endpoints.mjs";
import { stopProcess } from "../../tools/storm/faults.mjs";

// On a busy machine the checker tolerates late responses, and no other fault.

const work = mkdtempSync(join(tmpdir(), "task-jobs-storm-"));
afterAll(() => rmSync(work, { recursive: true }));

const PAGE = { endpoint: "rest", user: 1, owner: 1, task: 1, limit: 1, offset: 0 } as const;
const RIGHT = ENDPOINTS.rest.expectedBody(PAGE);
const code = (code: string) => JSON.stringify({ error: { code } });
const request = (number: number) => ({ at: 0, event: "request", number, ...PAGE });
const answered = (status: number, text: string, at = 2000) => ({
  ...{ event: "response", number: 1, at, status },
  ...{ body: text, text },
});
const trap = (status: number, text: string, ms = 2000) => ({
  ...{ event: "fault", fault: "trap", kind: "answered" },
  ...{ status, text, ms },
});

function verdictOf(events: readonly object[], { mayFail = false, scheduled = {} } = {}) {
  const file = join(work, "history.ndjson");
  const first = [request(0), { ...answered(200, RIGHT, 10), number: 0 }, request(1)];
  writeFileSync(file, [...first, ...events].map((event) => JSON.stringify(event)).join("\n"));
  return checkHistory(file, { mayFail, mustSee: [200], scheduled });
}

test("the checker accepts the right page, and 503 and 504 if the scenario allows them", async () => {
  expect(await verdictOf([answered(200, RIGHT)])).toMatchObject({ isGood: true, isOnlyLate: false });
  for (const at of [10, 2000]) {
    const unavailable = answered(503, code("DEPENDENCY_UNAVAILABLE"), at);
    expect(await verdictOf([unavailable], { mayFail: true })).toMatchObject({ isGood: true, isOnlyLate: false });
  }
});

test.each([
  ["a late 504", answered(504, code("DEPENDENCY_TIMEOUT"))],
  ["a late 503", answered(503, code("DEPENDENCY_UNAVAILABLE"))],
])("the checker calls %s only late", async (_, answer) => {
  expect(await verdictOf([answer])).toMatchObject({ isGood: false, isOnlyLate: true, late: 1 });
});

const FOREIGN = ENDPOINTS.rest.expectedBody({ ...PAGE, owner: 2 });
test.each([
  ["a wrong row", [answered(200, RIGHT.replace("j39", "j38"))]],
  ["a missing row", [answered(200, ENDPOINTS.rest.expectedBody({ ...PAGE, limit: 0 }))]],
  ["a foreign row", [answered(200, FOREIGN)]],
  ["a foreign row in a late answer", [answered(504, `${code("DEPENDENCY_TIMEOUT")}${FOREIGN}`)]],
  ["a late 500", [answered(500, code("INTERNAL_ERROR"))]],
  ["a 5xx without a known code", [answered(502, "")]],
  ["a cut connection", [{ event: "failed", number: 1, at: 2000, code: "ECONNRESET" }]],
  ["no answer", []],
])("the checker never calls %s only late", async (_, events) => {
  const late = [request(2), { ...answered(504, code("DEPENDENCY_TIMEOUT")), number: 2 }];
  for (const mayFail of [false, true])
    expect(await verdictOf([...events, ...late], { mayFail })).toMatchObject({ isGood: false, isOnlyLate: false });
});

test("the checker never calls an early 503 or a missing fault only late", async () => {
  const soon = answered(503, code("DEPENDENCY_UNAVAILABLE"), 300);
  expect(await verdictOf([soon])).toMatchObject({ isOnlyLate: false, error: 1 });
  const late = answered(504, code("DEPENDENCY_TIMEOUT"));
  expect(await verdictOf([late], { scheduled: { trap: 1 } })).toMatchObject({ isOnlyLate: false, missing: ["trap"] });
});

test.each([
  [500, code("INTERNAL_ERROR"), { isGood: true, isOnlyLate: false }],
  [504, code("DEPENDENCY_TIMEOUT"), { isGood: false, isOnlyLate: true }],
  [200, RIGHT, { isGood: false, isOnlyLate: false, wrong: 1 }],
])("the checker applies the same rules to a trap that is answered with %i", async (status, text, verdict) => {
  expect(await verdictOf([answered(200, RIGHT), trap(status, text)], { scheduled: { trap: 1 } })).toMatchObject(
    verdict,
  );
});

test("stopping a backend that has already ended returns false", () => {
  const noProcess = 2 ** 30;
  expect(stopProcess(noProcess)).toBe(false);
});
