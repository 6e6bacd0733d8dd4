import { DOORS } from "./doors.mjs";
import { readHistory } from "./history.mjs";
import { ownersIn } from "./world.mjs";

/** Enough to look at; the history has the rest. */
const MAX_EXAMPLES = 5;

/** Reads what happened and says what was wrong with it. Knows the rows that should be there from world.mjs alone. */
export async function checkHistory(file, { mayFail, mustSee, scheduled }) {
  const open = new Map();
  const texts = new Map();
  const judgements = new Map();
  const latencies = [];
  const counts = { answers: 0, aborted: 0, error: 0, lost: 0, wrong: 0, foreign: 0 };
  const statuses = {};
  const faults = {};
  const examples = [];

  function blame(judgement, example) {
    if (judgement === "right" || (judgement === "error" && mayFail)) return;
    counts[judgement] += 1;
    if (examples.length < MAX_EXAMPLES) examples.push({ judgement, ...example });
  }

  function judgeAnswer(request, { status, body, at }) {
    counts.answers += 1;
    latencies.push(at - request.at);
    statuses[status] = (statuses[status] ?? 0) + 1;
    const key = `${request.user} ${request.door} ${request.owner} ${request.task} ${request.limit} ${request.offset} ${status} ${body}`;
    let judgement = judgements.get(key);
    if (judgement === undefined) {
      judgement = judge(request, status, texts.get(body));
      judgements.set(key, judgement);
    }
    blame(judgement, { request, status, text: texts.get(body) });
  }

  for await (const event of readHistory(file)) {
    const { event: kind, number, body, text } = event;
    if (text !== undefined && body !== undefined) texts.set(body, text);
    if (kind === "asked") open.set(number, event);
    else if (kind === "fault") {
      faults[event.fault] = (faults[event.fault] ?? 0) + 1;
      if (event.fault === "trap") blame(judgeTrap(event), event);
    } else {
      const request = open.get(number);
      open.delete(number);
      if (kind === "answered") judgeAnswer(request, event);
      else if (kind === "aborted") counts.aborted += 1;
      else if (kind === "failed") blame("lost", { request, code: event.code });
    }
  }
  latencies.sort((one, other) => one - other);
  // A run without its faults, or without what they lead to, shows nothing.
  const missing = [
    ...Object.keys(scheduled).filter((kind) => faults[kind] !== scheduled[kind]),
    ...mustSee.filter((status) => statuses[status] === undefined),
  ];
  const isSafe = open.size === 0 && counts.lost + counts.wrong + counts.foreign === 0;
  return {
    /** No wrong rows and nothing left open, even where there were errors. */
    isSafe,
    isGood: isSafe && counts.error === 0 && missing.length === 0,
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

/** "right", "error", "wrong", or "foreign": there is a row in it that the asker may not see, whatever the status. */
function judge(request, status, text) {
  const isForeign = ownersIn(text).some(({ user, task }) => user !== request.user || task !== request.task);
  if (isForeign) return "foreign";
  const door = DOORS[request.door];
  if (status >= 500 || /"code":"(DEPENDENCY_|INTERNAL_)/.test(text)) return "error";
  if (request.owner !== request.user) {
    return status === door.notFoundStatus && text.includes('"NOT_FOUND"') ? "right" : "wrong";
  }
  const expected = door.answer(request);
  const isRight = door.ask(request).method === "GET" ? text === expected : dataOf(text) === expected;
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
  return status === 500 && text.includes('"INTERNAL_ERROR"') ? "right" : "error";
}
