import { ownersIn } from "./data.mjs";
import { ENDPOINTS } from "./endpoints.mjs";
import { readHistory } from "./history.mjs";

/** The report shows this many faults; the history contains all of them. */
const MAX_EXAMPLES = 5;

/**
 * A read waits this long for a connection, and a statement may take this long. A 503 or 504 that arrives sooner is therefore
 * not caused by a slow machine, see docs/decisions/resilience.md.
 */
const LATE_MS = 1000;

/** Checks the history of a run. The expected rows are computed by data.mjs, not read from the server. */
export async function checkHistory(file, { mayFail, mustSee, scheduled }) {
  const open = new Map();
  const texts = new Map();
  const judgements = new Map();
  const latencies = [];
  const counts = { answers: 0, aborted: 0, late: 0, error: 0, lost: 0, wrong: 0, foreign: 0 };
  const statuses = {};
  const faults = {};
  const examples = [];

  function blame(judged, ms, example) {
    if (judged === "right" || (judged === "unavailable" && mayFail)) return;
    const judgement = judged !== "unavailable" ? judged : ms >= LATE_MS ? "late" : "error";
    counts[judgement] += 1;
    if (examples.length < MAX_EXAMPLES) examples.push({ judgement, ...example });
  }

  function judgeAnswer(request, { status, body, at }) {
    const ms = at - request.at;
    counts.answers += 1;
    latencies.push(ms);
    statuses[status] = (statuses[status] ?? 0) + 1;
    const key = `${request.user} ${request.endpoint} ${request.owner} ${request.task} ${request.limit} ${request.offset} ${status} ${body}`;
    let judgement = judgements.get(key);
    if (judgement === undefined) {
      judgement = judge(request, status, texts.get(body));
      judgements.set(key, judgement);
    }
    blame(judgement, ms, { request, ms, status, text: texts.get(body) });
  }

  for await (const event of readHistory(file)) {
    const { event: kind, number, body, text } = event;
    if (text !== undefined && body !== undefined) texts.set(body, text);
    if (kind === "request") open.set(number, event);
    else if (kind === "fault") {
      faults[event.fault] = (faults[event.fault] ?? 0) + 1;
      if (event.fault === "trap") blame(judgeTrap(event), event.ms, event);
    } else {
      const request = open.get(number);
      open.delete(number);
      if (kind === "response") judgeAnswer(request, event);
      else if (kind === "aborted") counts.aborted += 1;
      else if (kind === "failed") blame("lost", 0, { request, code: event.code });
    }
  }
  latencies.sort((one, other) => one - other);
  // A run proves nothing without its faults and without the statuses that they cause.
  const missing = [
    ...Object.keys(scheduled).filter((kind) => faults[kind] !== scheduled[kind]),
    ...mustSee.filter((status) => statuses[status] === undefined),
  ];
  const { late, error, lost, wrong, foreign } = counts;
  const isInTimeOrLate = open.size + error + lost + wrong + foreign + missing.length === 0;
  return {
    isGood: isInTimeOrLate && late === 0,
    /** Only late 503 and 504. The cause may be the server or a busy machine. */
    isOnlyLate: isInTimeOrLate && late > 0,
    missing,
    ...counts,
    pending: open.size,
    examples: [
      ...examples,
      ...[...open.values()].slice(0, MAX_EXAMPLES).map((request) => ({ judgement: "pending", request })),
    ],
    statuses,
    faults,
    percentile: (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0,
  };
}

/**
 * Returns "right", "unavailable" (503, 504), "error", "wrong", or "foreign" for a response with a row of another user,
 * whatever its status.
 */
function judge(request, status, text) {
  const isForeign = ownersIn(text).some(({ user, task }) => user !== request.user || task !== request.task);
  if (isForeign) return "foreign";
  const endpoint = ENDPOINTS[request.endpoint];
  if (text.includes('"code":"INTERNAL_')) return "error";
  if (text.includes('"code":"DEPENDENCY_')) return "unavailable";
  if (status >= 500) return "error";
  if (request.owner !== request.user) {
    return status === endpoint.notFoundStatus && text.includes('"NOT_FOUND"') ? "right" : "wrong";
  }
  const expected = endpoint.expectedBody(request);
  const isRight = endpoint.request(request).method === "GET" ? text === expected : dataOf(text) === expected;
  return status === 200 && isRight ? "right" : "wrong";
}

/** The data without `extensions`, which contain only the cost. */
function dataOf(text) {
  const { data, errors } = JSON.parse(text);
  return errors === undefined ? JSON.stringify(data) : null;
}

/** The page with the broken row is a 500, or a 503 or 504 from another fault, but never a page. */
function judgeTrap({ kind, status, text }) {
  if (kind !== "answered" || status < 500) return "wrong";
  if (text.includes('"code":"DEPENDENCY_')) return "unavailable";
  return status === 500 && text.includes('"INTERNAL_ERROR"') ? "right" : "error";
}
