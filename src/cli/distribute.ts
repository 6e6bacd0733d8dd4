import { parseArgs } from "node:util";
import { adviceFor } from "../db/citus/advice.ts";
import { checkCluster, UnusableCluster } from "../db/citus/check-cluster.ts";
import { DEFAULT_SHARDS, stepsFor } from "../db/citus/distribution-steps.ts";
import type { Sql } from "../db/client.ts";
import { runCommand, UsageError } from "./run-command.ts";
import { withDatabase } from "./with-database.ts";

const MAX_SHARDS = 1024;

const USAGE = `Usage:
  npm run distribute                 distributes the tables over the workers of a Citus cluster
  npm run distribute -- --shards N   sets the number of shards of tables that are not distributed yet (default ${DEFAULT_SHARDS})
  npm run distribute -- --dry-run    prints what the command would do, and changes nothing

DATABASE_URL must be the coordinator. The command works on empty and on filled tables and can be run again: it runs only
the steps that are missing, for example on a node that was added. Distributing filled tables copies them, and blocks all
other sessions until it has ended. docs/scaling.md describes the cluster.`;

runCommand({ script: "distribute", usage: USAGE, run: distribute });

async function distribute(): Promise<void> {
  const { values } = parseArgs({
    options: { shards: { type: "string" }, "dry-run": { type: "boolean", default: false } },
  });
  const shards = values.shards === undefined ? null : readShards(values.shards);
  await withDatabase(async ({ sql }) => {
    const cluster = await checkCluster(sql);
    console.log(`Citus ${cluster.citus} with the nodes ${cluster.nodes.map(({ name }) => name).join(", ")}`);
    const steps = stepsFor(cluster, shards);
    for (const { title } of steps) console.log(`- ${title}`);
    if (steps.length === 0) console.log("Nothing to do: the tables are distributed.");
    if (!values["dry-run"]) await runSteps(sql, steps);
    // The steps may have changed the cluster.
    const after = values["dry-run"] ? cluster : await checkCluster(sql);
    for (const advice of adviceFor(after)) console.log(`\n${advice}`);
  });
}

async function runSteps(sql: Sql, steps: ReturnType<typeof stepsFor>): Promise<void> {
  const startedAt = performance.now();
  const report = (what: string) =>
    console.log(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(7)} s  ${what}`);
  for (const { title, run } of steps) {
    report(title);
    await run(sql, report).catch((error: unknown) => {
      throw new UnusableCluster([
        `${error instanceof Error ? error.message : error}.`,
        "The steps before this one are complete, and the command can run again.",
      ]);
    });
  }
  if (steps.length > 0) report("done");
}

function readShards(text: string): number {
  const shards = Number(text);
  if (/^\d{1,4}$/.test(text) && shards >= 1 && shards <= MAX_SHARDS) return shards;
  throw new UsageError(`--shards must be a whole number from 1 to ${MAX_SHARDS}.`);
}
