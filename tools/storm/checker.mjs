import { ENDPOINTS } from "./endpoints.mjs";
import { readHistory } from "./history.mjs";
import { ownersIn } from "./world.mjs";

/** Enough to look at; the history has the rest. */
const MAX_EXAMPLES = 5;

/**
 * Sooner than this the server gives nothing up for want of time: so long a read waits for a connection, and no statement
 * may take longer. docs/decisions/resilience.md
 */
const LATE_MS = 1000;

/** Reads what happened and says what was wrong with it. Knows the rows that should be there from world.mjs alone. */
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
    if (kind === "asked") open.set(number, event);
    else if (kind === "fault") {
      faults[event.fault] = (faults[event.fault] ?? 0) + 1;
      if (event.fault === "trap") blame(judgeTrap(event), event.ms, event);
    } else {
      const request = open.get(number);
      open.delete(number);
      if (kind === "answered") judgeAnswer(request, event);
      else if (kind === "aborted") counts.aborted += 1;
      else if (kind === "failed") blame("lost", 0, { request, code: event.code });
    }
  }
  latencies.sort((one, other) => one - other);
  // A run without its faults, or without what they lead to, shows nothing.
  const missing = [
    ...Object.keys(scheduled).filter((kind) => faults[kind] !== scheduled[kind]),
    ...mustSee.filter((status) => statuses[status] === undefined),
  ];
  const { late, error, lost, wrong, foreign } = counts;
  const isInTimeOrLate = open.size + error + lost + wrong + foreign + missing.length === 0;
  return {
    isGood: isInTimeOrLate && late === 0,
    /** Answers that were given up for want of time, and nothing else: whose time it was this cannot tell. */
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
 * "right", "unavailable" (503, 504), "error", "wrong", or "foreign": there is a row in it that the asker may not see,
 * whatever the status.
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

/** Without `extensions`, which tell of the cost and not of the rows. */
function dataOf(text) {
  const { data, errors } = JSON.parse(text);
  return errors === undefined ? JSON.stringify(data) : null;
}

/** The broken page is an error of its own; another may come first, but never a page. */
function judgeTrap({ kind, status, text }) {
  if (kind !== "answered" || status < 500) return "wrong";
  if (text.includes('"code":"DEPENDENCY_')) return "unavailable";
  return status === 500 && text.includes('"INTERNAL_ERROR"') ? "right" : "error";
}
