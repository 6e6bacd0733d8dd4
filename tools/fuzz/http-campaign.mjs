// npm run fuzz -- [--campaign http] [--seed 1] [--count 1000000] [--from 0] [--concurrency 24] [--failures 5]
// Sends generated requests to the server. The exit code is 1 if a response is wrong, see docs/decisions/fuzzing.md.
import { parseArgs } from "node:util";
import { buildClientSchema, getIntrospectionQuery } from "graphql";
import { runCampaign, testCases } from "./campaign.mjs";
import { openFuzzedServer } from "./fuzzed-server.mjs";
import { reportOf } from "./reproduction.mjs";

const PROGRESS_EVERY_MS = 10_000;

const { values } = parseArgs({
  options: {
    campaign: { type: "string" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
    count: { type: "string", default: "1000000" },
    from: { type: "string", default: "0" },
    concurrency: { type: "string", default: "24" },
    // The run ends after this number of kinds of failure.
    failures: { type: "string", default: "5" },
    // A build without one of its safeguards, for which the run must fail.
    program: { type: "string" },
  },
});
const { program, ...numbers } = values;
const [seed, count, from, concurrency, maxFailures] = ["seed", "count", "from", "concurrency", "failures"].map((name) =>
  Number(numbers[name]),
);
if (![seed, count, from, concurrency, maxFailures].every((number) => Number.isInteger(number) && number >= 0)) {
  process.stderr.write(
    "usage: npm run fuzz -- [--seed 1] [--count 1000000] [--from 0] [--concurrency 24] [--failures 5]\n",
  );
  process.exit(2);
}

let isOver = false;
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => (isOver = true));

const server = await openFuzzedServer({ program });
try {
  const arbitrary = testCases(await servedSchema(server.origin, server.keys.owner), server.keys);
  const port = Number(new URL(server.origin).port);
  let shownAt = performance.now();
  const campaign = await runCampaign({
    arbitrary,
    port,
    seed,
    count,
    from,
    concurrency,
    maxFailures,
    isOver: () => isOver,
    onProgress({ done }) {
      if (performance.now() - shownAt < PROGRESS_EVERY_MS) return;
      shownAt = performance.now();
      process.stderr.write(`${done.toLocaleString("en-US")} of ${count.toLocaleString("en-US")}\n`);
    },
  });
  const faults = await server.faults();
  process.stdout.write(
    `${reportOf({ ...campaign, seed, port })}\n${faults.map((fault) => `FAILED: ${fault}\n`).join("")}`,
  );
  process.exitCode = campaign.failures.length + faults.length === 0 ? 0 : 1;
} finally {
  await server.close();
}

async function servedSchema(origin, key) {
  const response = await fetch(`${origin}/graphql`, {
    method: "POST",
    headers: { "X-API-Key": key, "Content-Type": "application/json" },
    body: JSON.stringify({ query: getIntrospectionQuery() }),
  });
  return buildClientSchema(/** @type {any} */ (await response.json()).data);
}
