// npm run fuzz -- [--campaign conversations] [--seed 1] [--count 1000000] [--from 0] [--concurrency 24] [--failures 5]
// Exit code 1 when something was wrong. docs/decisions/fuzzing.md says what that is.
import { parseArgs } from "node:util";
import { buildClientSchema, getIntrospectionQuery } from "graphql";
import { conversations, runCampaign } from "./campaign.mjs";
import { reportOf } from "./reproduction.mjs";
import { openFuzzStage } from "./stage.mjs";

const PROGRESS_EVERY_MS = 10_000;

const { values } = parseArgs({
  options: {
    campaign: { type: "string" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
    count: { type: "string", default: "1000000" },
    from: { type: "string", default: "0" },
    concurrency: { type: "string", default: "24" },
    // How many kinds of failure to look for before giving up.
    failures: { type: "string", default: "5" },
    // Another build than dist/main.js, to see the run fail where a defence was taken out.
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

const stage = await openFuzzStage({ program });
try {
  const arbitrary = conversations(await servedSchema(stage.origin, stage.keys.owner), stage.keys);
  const port = Number(new URL(stage.origin).port);
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
  const faults = await stage.faults();
  process.stdout.write(
    `${reportOf({ ...campaign, seed, port })}\n${faults.map((fault) => `FAILED: ${fault}\n`).join("")}`,
  );
  process.exitCode = campaign.failures.length + faults.length === 0 ? 0 : 1;
} finally {
  await stage.close();
}

async function servedSchema(origin, key) {
  const response = await fetch(`${origin}/graphql`, {
    method: "POST",
    headers: { "X-API-Key": key, "Content-Type": "application/json" },
    body: JSON.stringify({ query: getIntrospectionQuery() }),
  });
  return buildClientSchema((await response.json()).data);
}
