// npm run fuzz -- --campaign execution [--seed 1] [--count 100000] [--from 0] [--concurrency 16] [--over process|socket]
// Compares the first, third and fifth execution of each document with graphql-js. Exit code 1 when something differs.
import { parseArgs } from "node:util";
import { parse, specifiedRules, validate } from "graphql";
import { isSafeToCompile } from "#server/graphql/compilable.js";
import { buildTaskJobsSchema } from "#server/graphql/schema.js";
import { startGraphqlServer } from "#server/graphql/server.js";
import { openServerUnderTest } from "../../support/server-under-test.mjs";
import { insertData } from "../data.mjs";
import { openContexts } from "./contexts.mjs";
import { requestOf } from "./documents.mjs";
import { answerText, expectedAnswer } from "./oracle.mjs";

const RUNS = 5;
const COMPARED_RUNS = [1, 3, 5];
const PROGRESS_EVERY_MS = 10_000;
const MAX_DIFFERENCES = 10;
const ORACLE_REPEATS = 30;

const { values } = parseArgs({
  options: {
    campaign: { type: "string" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
    count: { type: "string", default: "100000" },
    from: { type: "string", default: "0" },
    concurrency: { type: "string", default: "16" },
    over: { type: "string", default: "process" },
    // A build without one of its safeguards for --over socket, for which the run must fail.
    program: { type: "string" },
  },
});
const [seed, count, from, concurrency] = ["seed", "count", "from", "concurrency"].map((name) => Number(values[name]));

const unhandled = [];
process.on("unhandledRejection", (error) => unhandled.push(error));

const schema = buildTaskJobsSchema();
const server = await openServerUnderTest({
  name: "execution",
  program: values.program,
  environment: { REQUEST_TIMEOUT_MS: "6000", STATEMENT_TIMEOUT_MS: "5000" },
  fill: insertData,
});
const contexts = openContexts(server.databaseUrl);
const { server: graphql } = await startGraphqlServer({
  introspection: true,
  trustedDocuments: null,
  isStoredDocument: () => false,
  log: contexts.log,
  metrics: null,
  tracer: null,
});
const overSocket = values.over === "socket";

/** One execution by the server: over HTTP, or in this process with a context in which a part fails. */
async function execute(request, fault) {
  if (overSocket) {
    const response = await fetch(`${server.origin}/graphql`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-API-Key": server.filled.owner },
      body: JSON.stringify(request),
    });
    return response.json();
  }
  const { body } = await graphql.executeOperation(request, { contextValue: contexts.contextWith(fault) });
  if (body.kind !== "single") throw new Error("the response is incremental");
  return body.singleResult;
}

const tally = { compared: 0, withErrors: 0, compiled: 0, invalid: 0, overLimits: 0, unavailable: 0 };
const differences = [];

async function compare(index) {
  const written = requestOf(schema, seed, index);
  // Make the document unique, so that the server has never executed it.
  const request = { ...written, query: `${written.query}\n#${index}` };
  const document = parsed(request.query);
  if (document === null || validate(schema, document, specifiedRules).length > 0) return false;
  const fault = overSocket ? "none" : contexts.faultOf(index);
  const expect = async ({ isRepeated = false, isDelayed = false } = {}) => {
    const context = contexts.contextWith(fault, { isDelayed });
    if (isRepeated) await expectedAnswer({ schema, document }, request, context);
    return expectedAnswer({ schema, document }, request, context);
  };
  // Afterwards all rows are cached, so that every execution takes the same time.
  await expect();
  const answers = [];
  for (let run = 1; run <= RUNS; run += 1) answers.push(await execute(request, fault));
  if (answers[0].errors?.some(({ extensions }) => extensions?.limit !== undefined)) {
    tally.overLimits += 1;
    return true;
  }
  const expected = await expect();
  if ([expected, ...answers.map(answerText)].some((text) => text.includes("DEPENDENCY_"))) {
    tally.unavailable += 1;
    return true;
  }
  const wrong = await firstDifference(answers, expected, expect);
  tally.compared += 1;
  if (isSafeToCompile(schema, document)) tally.compiled += 1;
  if (answers[0].errors !== undefined) tally.withErrors += 1;
  if (wrong !== undefined)
    differences.push({ index, run: wrong, fault, request, expected, actual: answerText(answers[wrong - 1]) });
  return true;
}

/** If two root fields fail, graphql-js reports the first failure, so any response that graphql-js also gives is right. */
async function firstDifference(answers, expected, expect) {
  if (COMPARED_RUNS.every((run) => answerText(answers[run - 1]) === expected)) return undefined;
  // When compiled code has failed, graphql-js executes again in the same context, whose loaders already have the rows.
  const possible = new Set([expected, await expect({ isRepeated: true })]);
  for (let repeat = 0; repeat < ORACLE_REPEATS; repeat += 1) possible.add(await expect({ isDelayed: true }));
  return COMPARED_RUNS.find((run) => !possible.has(answerText(answers[run - 1])));
}

function parsed(text) {
  try {
    return parse(text);
  } catch {
    return null;
  }
}

let next = from;
let shownAt = performance.now();
async function work() {
  while (tally.compared < count && differences.length < MAX_DIFFERENCES) {
    if (!(await compare(next++))) tally.invalid += 1;
    if (performance.now() - shownAt < PROGRESS_EVERY_MS) continue;
    shownAt = performance.now();
    process.stderr.write(`${tally.compared.toLocaleString("en-US")} of ${count.toLocaleString("en-US")}\n`);
  }
}

const startedAt = performance.now();
try {
  await Promise.all(Array.from({ length: concurrency }, work));
} finally {
  await graphql.stop();
  await contexts.close();
  await server.close();
}
const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
const shown = (number) => number.toLocaleString("en-US");
process.stdout.write(
  `seed ${seed}: ${shown(tally.compared)} documents compared in ${seconds} s, ${shown(tally.compiled)} of them compiled, ${shown(tally.withErrors)} with errors; ` +
    `${shown(tally.invalid)} invalid and ${shown(tally.overLimits)} over a limit were skipped, ` +
    `${shown(tally.unavailable)} because the database was too busy\n` +
    `  differences ${differences.length}\n  unhandled rejections ${unhandled.length}\n`,
);
for (const { index, run, fault, request, expected, actual } of differences) {
  process.stdout.write(
    `\nDIFFERENT seed ${seed} index ${index} run ${run}, fault ${fault}\n  ${JSON.stringify(request)}\n  graphql-js ${expected.slice(0, 1500)}\n  answered   ${actual.slice(0, 1500)}\n`,
  );
}
if (unhandled.length > 0) process.stdout.write(`${unhandled[0].stack}\n`);
process.exitCode = differences.length + unhandled.length === 0 ? 0 : 1;
