import fc from "fast-check";
import { decoded, judgeAnswer } from "./answers.mjs";
import { openConnection } from "./connection.mjs";
import { credentialArbitrary } from "./credentials.mjs";
import { graphqlArbitrary } from "./graphql-requests.mjs";
import { pathArbitrary } from "./path-requests.mjs";
import { rawArbitrary } from "./raw-requests.mjs";
import { restArbitrary } from "./rest-requests.mjs";
import { taskArbitrary } from "./task-requests.mjs";

const BLOCK = 1000;
/** The server answers within 2 s, or ends a request that is not one. */
const GIVE_UP_AFTER_MS = 8000;
/** How long half a request is waited for before the rest is said not to come. */
const PATIENCE_MS = 100;
const SHRINK_FOR_MS = 15_000;
/** Beyond it Node may refuse the head, with what is counted to it. */
const LONG_HEAD = 8000;

export function conversations(schema, keys) {
  const credentials = credentialArbitrary(keys);
  return fc.oneof(
    { weight: 38, arbitrary: restArbitrary(credentials) },
    { weight: 10, arbitrary: taskArbitrary(credentials) },
    { weight: 42, arbitrary: graphqlArbitrary(schema, credentials) },
    { weight: 6, arbitrary: pathArbitrary(credentials) },
    { weight: 4, arbitrary: rawArbitrary(keys) },
  );
}

/**
 * Has `count` conversations with the server, some at once, each made from the seed and its index alone. The failures, with the
 * smallest request that still fails in the same way.
 */
export async function runCampaign({
  arbitrary,
  port,
  seed,
  count,
  from = 0,
  concurrency,
  maxFailures,
  isOver,
  onProgress,
}) {
  const tally = { done: 0, byDoor: {}, byStatus: {}, accepted: 0 };
  const failures = [];
  let block = { number: -1, values: [] };
  let next = from;

  function take() {
    if (next >= from + count || failures.length >= maxFailures || isOver()) return null;
    const index = next++;
    const number = Math.floor(index / BLOCK);
    if (number !== block.number) {
      block = { number, values: fc.sample(arbitrary, { seed: blockSeed(seed, number), numRuns: BLOCK }) };
    }
    return { index, conversation: block.values[index % BLOCK] };
  }

  /** The first of its kind; of the others it is enough to know how many they were. */
  function note(taken, problem) {
    const known = failures.find((failure) => kindOf(failure.problem) === kindOf(problem));
    if (known === undefined) failures.push({ ...taken, problem, times: 1 });
    else known.times += 1;
  }

  async function work() {
    const line = openLine(port);
    for (let taken = take(); taken !== null; taken = take()) {
      const { problem, statuses } = await converse(line, taken.conversation);
      countIn(tally, taken.conversation, statuses);
      if (problem !== null) note(taken, problem);
      onProgress(tally);
    }
    line.close();
  }

  const startedAt = performance.now();
  await Promise.all(Array.from({ length: concurrency }, work));
  const seconds = (performance.now() - startedAt) / 1000;
  for (const failure of failures) Object.assign(failure, await shrunk(arbitrary, port, seed, failure));
  return { ...tally, seconds, failures };
}

const KIND_LENGTH = 24;
const kindOf = (problem) => problem.slice(0, KIND_LENGTH);

const blockSeed = (seed, number) => (Math.imul(seed, 1_000_003) + number) | 0;

function countIn(tally, { door }, statuses) {
  tally.done += 1;
  tally.byDoor[door] = (tally.byDoor[door] ?? 0) + 1;
  for (const status of statuses) tally.byStatus[status] = (tally.byStatus[status] ?? 0) + 1;
}

/** The same failure of the smallest request that still has it; as it was where none can be found. */
async function shrunk(arbitrary, port, seed, { index, problem }) {
  const line = openLine(port);
  const property = fc.asyncProperty(arbitrary, async (conversation) => {
    const outcome = await converse(line, conversation);
    if (outcome.problem !== null && kindOf(outcome.problem) === kindOf(problem)) throw new Error(outcome.problem);
  });
  const found = await fc.check(property, {
    seed: blockSeed(seed, Math.floor(index / BLOCK)),
    path: String(index % BLOCK),
    numRuns: 1,
    interruptAfterTimeLimit: SHRINK_FOR_MS,
  });
  line.close();
  if (found.counterexample === null) return { isRepeatable: false };
  const [conversation] = found.counterexample;
  return {
    conversation,
    isRepeatable: true,
    problem: found.errorInstance?.message ?? problem,
    shrinks: found.numShrinks,
  };
}

/** A connection that is opened again when the server has closed it. */
function openLine(port) {
  let connection = null;
  return {
    get() {
      if (connection === null || connection.isClosed()) connection = openConnection(port);
      return connection;
    },
    renew: () => openConnection(port),
    close: () => connection?.destroy(),
  };
}

/** Says one thing and judges what comes back. */
async function converse(line, conversation) {
  try {
    const answers = conversation.door === "raw" ? await sayRaw(line, conversation) : await say(line, conversation);
    const statuses = answers.map(({ status }) => status);
    for (const answer of answers) {
      answer.text = decoded(answer);
      const isTooLong = answer.status === 431 && (conversation.headLength ?? LONG_HEAD) >= LONG_HEAD;
      const problem = isTooLong ? null : (judgeAnswer(conversation, answer) ?? conversation.judge(answer));
      if (problem !== null) return { problem, statuses };
    }
    return { problem: null, statuses };
  } catch (error) {
    return { problem: error.message, statuses: [] };
  }
}

async function say(line, { request, bytes }) {
  for (const isLastTry of [false, true]) {
    const connection = line.get();
    connection.send(bytes);
    const answer = await connection.answer(GIVE_UP_AFTER_MS, request.method === "HEAD");
    if (answer === undefined) {
      connection.destroy();
      throw new Error("hanging: no answer in time");
    }
    if (answer?.headers.get("connection") === "close") connection.destroy();
    if (answer !== null) return [answer];
    // An idle connection may be closed at any moment, a new one may not.
    if (isLastTry) throw new Error("closed without an answer");
  }
}

async function sayRaw(line, { bytes, maxAnswers }) {
  const connection = line.renew();
  const answers = [];
  connection.send(bytes);
  try {
    for (let patience = PATIENCE_MS; ; ) {
      const answer = await connection.answer(patience);
      if (answer === null) break;
      if (answer !== undefined) answers.push(answer);
      else if (patience === PATIENCE_MS) {
        connection.end();
        patience = GIVE_UP_AFTER_MS;
      } else throw new Error("hanging: neither an answer nor an end");
    }
    if (answers.length > maxAnswers) throw new Error(`${answers.length} answers to one request`);
    return answers;
  } finally {
    connection.destroy();
  }
}
