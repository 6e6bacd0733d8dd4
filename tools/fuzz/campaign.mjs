import fc from "fast-check";
import { openConnection } from "./connection.mjs";
import { credentialArbitrary } from "./credentials.mjs";
import { graphqlArbitrary } from "./graphql-requests.mjs";
import { decoded, judgeAnswer } from "./judge-answer.mjs";
import { pathArbitrary } from "./path-requests.mjs";
import { rawArbitrary } from "./raw-requests.mjs";
import { restArbitrary } from "./rest-requests.mjs";
import { taskArbitrary } from "./task-requests.mjs";

const BLOCK = 1000;
/** The server responds within 2 s, or closes the connection of an incomplete request. */
const GIVE_UP_AFTER_MS = 8000;
/** The client waits this long for a response to a raw request before it ends its side of the connection. */
const END_AFTER_MS = 100;
const SHRINK_FOR_MS = 15_000;
/** Node may refuse a header section that is longer than this with 431. */
const LONG_HEAD = 8000;

export function testCases(schema, keys) {
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
 * Runs `count` test cases against the server, several at once, each generated from the seed and its index alone. The result
 * contains the failures, each with the smallest request that still fails in the same way.
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
  const tally = { done: 0, byKind: {}, byStatus: {}, accepted: 0 };
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
    return { index, testCase: block.values[index % BLOCK] };
  }

  /** Keeps the first failure of each kind and counts the others. */
  function note(taken, problem) {
    const known = failures.find((failure) => kindOf(failure.problem) === kindOf(problem));
    if (known === undefined) failures.push({ ...taken, problem, times: 1 });
    else known.times += 1;
  }

  async function work() {
    const client = openReconnecting(port);
    for (let taken = take(); taken !== null; taken = take()) {
      const { problem, statuses } = await runCase(client, taken.testCase);
      countIn(tally, taken.testCase, statuses);
      if (problem !== null) note(taken, problem);
      onProgress(tally);
    }
    client.close();
  }

  const startedAt = performance.now();
  await Promise.all(Array.from({ length: concurrency }, work));
  const seconds = (performance.now() - startedAt) / 1000;
  for (const failure of failures) Object.assign(failure, await shrunk({ arbitrary, port, seed }, failure));
  return { ...tally, seconds, failures };
}

const KIND_LENGTH = 24;
const kindOf = (problem) => problem.slice(0, KIND_LENGTH);

const blockSeed = (seed, number) => (Math.imul(seed, 1_000_003) + number) | 0;

function countIn(tally, { kind }, statuses) {
  tally.done += 1;
  tally.byKind[kind] = (tally.byKind[kind] ?? 0) + 1;
  for (const status of statuses) tally.byStatus[status] = (tally.byStatus[status] ?? 0) + 1;
}

/** Searches for a smaller request with the same failure. Keeps the original if none is found. */
async function shrunk({ arbitrary, port, seed }, { index, problem }) {
  const client = openReconnecting(port);
  const property = fc.asyncProperty(arbitrary, async (testCase) => {
    const outcome = await runCase(client, testCase);
    if (outcome.problem !== null && kindOf(outcome.problem) === kindOf(problem)) throw new Error(outcome.problem);
  });
  const found = await fc.check(property, {
    seed: blockSeed(seed, Math.floor(index / BLOCK)),
    path: String(index % BLOCK),
    numRuns: 1,
    interruptAfterTimeLimit: SHRINK_FOR_MS,
  });
  client.close();
  if (found.counterexample === null) return { isRepeatable: false };
  const [testCase] = found.counterexample;
  return {
    testCase,
    isRepeatable: true,
    problem: /** @type {Error | undefined} */ (found.errorInstance)?.message ?? problem,
    shrinks: found.numShrinks,
  };
}

/** A connection that is reopened after the server has closed it. */
function openReconnecting(port) {
  /** @type {ReturnType<typeof openConnection> | null} */
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

/** Sends one test case and checks the responses. */
async function runCase(client, testCase) {
  try {
    const answers = testCase.kind === "raw" ? await sendRaw(client, testCase) : await send(client, testCase);
    const statuses = answers.map(({ status }) => status);
    for (const answer of answers) {
      answer.text = decoded(answer);
      const isTooLong = answer.status === 431 && (testCase.headLength ?? LONG_HEAD) >= LONG_HEAD;
      const problem = isTooLong ? null : (judgeAnswer(testCase, answer) ?? testCase.judge(answer));
      if (problem !== null) return { problem, statuses };
    }
    return { problem: null, statuses };
  } catch (error) {
    return { problem: error.message, statuses: [] };
  }
}

async function send(client, { request, bytes }) {
  for (let attempt = 1; ; attempt++) {
    const connection = client.get();
    connection.send(bytes);
    const answer = await connection.answer(GIVE_UP_AFTER_MS, request.method === "HEAD");
    if (answer === undefined) {
      connection.destroy();
      throw new Error("hanging: no answer in time");
    }
    if (answer?.headers.get("connection") === "close") connection.destroy();
    if (answer !== null) return [answer];
    // The server may close an idle connection at any moment, but not a new one.
    if (attempt === 2) throw new Error("closed without an answer");
  }
}

async function sendRaw(client, { bytes, maxAnswers }) {
  const connection = client.renew();
  const answers = [];
  connection.send(bytes);
  try {
    for (let waitMs = END_AFTER_MS; ; ) {
      const answer = await connection.answer(waitMs);
      if (answer === null) break;
      if (answer !== undefined) answers.push(answer);
      else if (waitMs === END_AFTER_MS) {
        connection.end();
        waitMs = GIVE_UP_AFTER_MS;
      } else throw new Error("hanging: neither an answer nor an end");
    }
    if (answers.length > maxAnswers) throw new Error(`${answers.length} answers to one request`);
    return answers;
  } finally {
    connection.destroy();
  }
}
